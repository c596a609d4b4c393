"""Blinded reading: what a reader is shown, does and signs."""
