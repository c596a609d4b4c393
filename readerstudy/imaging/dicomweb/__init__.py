"""DICOMweb (PS3.18): QIDO-RS, WADO-RS and STOW-RS over what a token or a collection opens."""
