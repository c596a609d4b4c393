"""Run what is to be run after a restore, as JSON: each command's complaint, empty where none.

Run as a module; the argument is an anchor that was kept outside.
"""

import json
import sys
from io import StringIO

import django

django.setup()

from django.core.management import CommandError, call_command  # noqa: E402 -- Django first

COMMANDS = {
    "verify_audit": [],
    "verify_reads": [],
    "check_studies": [],
    "against the anchor": ["verify_audit", "--anchor", sys.argv[1]],
}


def complaint(name: str, arguments: list[str]) -> str:
    """What a command complains of."""
    try:
        call_command(*(arguments or [name]), stdout=StringIO())
    except CommandError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    found = {name: complaint(name, arguments) for name, arguments in COMMANDS.items()}
    print(json.dumps(found))  # noqa: T201 -- its output is its answer
