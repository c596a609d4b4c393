"""DICOM in, clean, checked, stored and out; knows nothing of studies or arms."""
