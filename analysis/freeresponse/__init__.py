"""Free-response (FROC) studies: marks scored as LL and NL, figures of merit, curves."""
