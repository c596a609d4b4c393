"""Sets the project up and runs it: what `make` calls. Standard library only."""

import sys

# Said here, before what an older Python could not even read.
OLDEST_PYTHON = (3, 11)
if sys.version_info < OLDEST_PYTHON:
    sys.exit(
        "\nPython %d.%d is too old: install Python 3.11 or newer (apt install python3), "  # noqa: UP031
        "or say where one is: `make demo PYTHON=python3.11`." % sys.version_info[:2]
    )
