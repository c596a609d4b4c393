"""The coordinator's pages: they put together what every app below knows of a study."""
