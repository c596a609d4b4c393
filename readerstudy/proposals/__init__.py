"""Detectors, their runs and the lesions they put forward (walled off)."""
