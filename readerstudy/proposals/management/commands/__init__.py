"""Commands of proposals."""
