"""What the reading room costs in a browser."""
