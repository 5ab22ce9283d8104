"""Settings: where they come from, what they must satisfy, every problem reported at once."""
