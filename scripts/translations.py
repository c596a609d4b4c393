"""Compile the words in other languages: `python -m scripts.translations`, after a .po changed.

The compiled catalogues are kept beside their sources, so that the platform starts without gettext's
tools. `tests/architecture/test_translations.py` fails when one is not of its source.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parents[1] / "readerstudy" / "locale"


def sources() -> list[Path]:
    """The catalogues that people write."""
    return sorted(LOCALES.glob("*/LC_MESSAGES/*.po"))


def catalogue(source: Path) -> Catalog:
    """A catalogue as it is written."""
    with source.open("rb") as file:
        return read_po(file)


def compiled(source: Path) -> bytes:
    """A catalogue as programs read it: the same bytes for the same words."""
    out = BytesIO()
    write_mo(out, catalogue(source))
    return out.getvalue()


def main() -> None:
    """Write every compiled catalogue."""
    for source in sources():
        source.with_suffix(".mo").write_bytes(compiled(source))
        print(source.relative_to(LOCALES), "compiled")


if __name__ == "__main__":
    main()
