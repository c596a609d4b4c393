"""What a reader's page can say is in every other language; what is compiled is what is written."""

from collections.abc import Iterator
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import IO

import pytest
from babel.messages.extract import extract_from_file
from django.template import engines
from django.template.base import NodeList
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from scripts import translations

ROOT = Path(__file__).resolve().parents[2] / "readerstudy"
APPS = ("web", "accounts", "reads")  # what readers' pages are made of
TAGS = {"gettext": None, "gettext_lazy": None, "_": None}
SOURCES = translations.sources()


def of_programs() -> Iterator[tuple[str, str]]:
    """Each marked text of the apps' programs, and where it is."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for line, message, _comments, _context in extract_from_file("python", path, TAGS):
                yield str(message), f"{path.relative_to(ROOT)}:{line}"


def of_templates() -> Iterator[tuple[str, str]]:
    """Each marked text of the apps' templates, and where it is."""
    for app in APPS:
        for path in sorted((ROOT / app / "templates").rglob("*.html")):
            name = str(path.relative_to(ROOT / app / "templates"))
            yield from ((text, name) for text in _in_nodes(engines["django"].get_template(name)))


def words(compiled: IO[bytes]) -> dict[object, str]:
    """The texts of a compiled catalogue; its head, with the compiler's version, apart."""
    found = GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    return {text: said for text, said in found.items() if text}


def _in_nodes(page: object) -> Iterator[str]:
    nodes: NodeList = page.template.nodelist  # type: ignore[attr-defined]
    # Django's stubs tell of any node only.
    for node in nodes.get_nodes_by_type(TranslateNode):
        yield node.filter_expression.var.literal  # type: ignore[attr-defined]
    for node in nodes.get_nodes_by_type(BlockTranslateNode):
        yield node.render_token_list(node.singular)[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parts[-3])
def test_r10_every_text_of_a_readers_page_is_translated(source: Path) -> None:
    catalogue = translations.catalogue(source)
    marked = [*of_programs(), *of_templates()]
    assert len(marked) > 150, "the texts were not found: this test would hold nothing"
    missing = {
        text: where
        for text, where in marked
        if (found := catalogue.get(text)) is None or not found.string or found.fuzzy
    }
    assert missing == {}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parts[-3])
def test_what_is_compiled_is_what_is_written(source: Path) -> None:
    written, kept = BytesIO(translations.compiled(source)), source.with_suffix(".mo")
    with kept.open("rb") as file:
        assert words(file) == words(written), "run: python -m scripts.translations"
    assert [words for each in translations.catalogue(source) for words in each.check()] == []
