"""The tests: unit (no database), integration, e2e, faults, architecture."""
