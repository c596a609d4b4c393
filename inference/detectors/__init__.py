"""Detectors: the families of the field, and models that were made elsewhere."""
