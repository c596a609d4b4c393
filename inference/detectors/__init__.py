"""Families of detectors, one a file; `inference.detector.FAMILIES` names them."""
