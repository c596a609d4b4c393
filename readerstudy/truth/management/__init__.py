"""Commands of truth."""
