"""How fast images come in and go out, beside Orthanc and nginx."""
