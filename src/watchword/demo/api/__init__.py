"""The routes of the example."""
