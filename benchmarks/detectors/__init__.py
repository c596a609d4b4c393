"""Families of detectors on held-out phantoms."""
