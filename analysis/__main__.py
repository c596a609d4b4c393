"""``python -m analysis COMMAND``: every analysis from the command line."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from analysis.dataset import DataError
from analysis.version import VERSION

COMMANDS = {
    "mrmc": "compare modalities on a ROC figure of merit",
    "froc": "compare modalities on a FROC figure of merit",
    "roc": "ROC curves of readers, fitted or not, and their averages",
    "time": "compare reading times",
    "decisions": "what AI does to readers' decisions",
    "subgroups": "compare modalities in groups of readers, cases or lesions",
    "agreement": "agreement of readers",
    "delineation": "agreement of delineations",
    "power": "readers and cases that a study needs",
    "simulate": "simulate a reader study",
    "convert": "change between tidy tables, iMRMC, RJafroc and OR-DBM files",
    "reproduce": "recompute the report of an exported bundle",
}


def parser(command: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the asked command's module (and what it needs) is imported."""
    top = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Statistics of multi-reader multi-case studies.",
        epilog="COMMAND --help shows the options of a command, with examples.",
    )
    top.add_argument("--version", action="version", version=VERSION)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words in COMMANDS.items():
        if name == command:
            import_module(f"analysis.cli.{name}").add_parser(commands)
        else:
            commands.add_parser(name, help=words)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it worked, 2 when the input cannot be used (said on stderr)."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in words if word in COMMANDS), None)
    args = parser(command).parse_args(words)
    try:
        code: int = import_module(f"analysis.cli.{args.command}").run(args)
    except (DataError, OSError) as error:
        sys.stderr.write(f"python -m analysis {args.command}: {_said(error)}\n")
        return 2
    return code


def _said(error: Exception) -> str:
    """The error in words: a file by its name and what is wrong with it, not by a number."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return str(error)


if __name__ == "__main__":
    raise SystemExit(main())
