"""Sets the project up and runs it: what `make` calls. Standard library only."""
