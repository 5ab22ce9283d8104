"""What the product does, talking to the world through the ports in ``ports``."""
