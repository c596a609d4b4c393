"""Training of the detectors: phantoms, patches, losses, calibration. Seeds are in `recipe`."""
