"""The built frontend as it is served."""

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings

from readerstudy.web.templatetags import assets
from readerstudy.web.templatetags.assets import entry, flow

BUILT = Path(__file__).resolve().parents[3] / "frontend" / "dist" / ".vite" / "manifest.json"
needs_built = pytest.mark.skipif(
    not BUILT.exists(), reason="NOT RUN: the frontend is not built: make setup"
)
SCRIPT = b"export const words = 'room';\n" * 400
SCRIPT_AT, STYLE_AT = "assets/reading-Ab3_x-9Z.js", "assets/reading-BxXy01_z.css"
FONT_AT, OURS_AT = "assets/inter-Cd34-fGh.woff2", "web/plain.css"  # the last is not Vite's


@pytest.mark.once
@needs_built
def test_no_module_is_served_under_two_names(tmp_path: Path) -> None:
    """A second name for the reading room's script would open a second room on the page."""
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "readerstudy.web.static.Storage"}}
    ours = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    plain = ["js", "mjs", "css", "wasm", "woff2", "svg", "json", "map"]  # compressing takes long
    with override_settings(
        STATIC_ROOT=tmp_path,
        STORAGES=storages,
        STATICFILES_FINDERS=ours,
        WHITENOISE_SKIP_COMPRESS_EXTENSIONS=plain,
    ):
        call_command("collectstatic", "--no-input", "-v", "0")
        on_page = set(re.findall(r'src="/static/assets/([^"]+)"', entry("reading")))
        ahead = set(
            re.findall(r'rel="modulepreload" href="/static/assets/([^"]+)"', entry("reading"))
        )
    served = {path.name for path in (tmp_path / "assets").glob("*.js")}
    stems = [name.split("-")[0] for name in served]
    assert on_page
    assert on_page | ahead <= served
    assert any(name.startswith("stage-") for name in ahead)  # R1: Cornerstone comes with the page
    assert len(stems) == len(set(stems)), served
    for path in (tmp_path / "assets").glob("*.js"):
        assert set(re.findall(r'from"\./([\w.-]+\.js)"', path.read_text())) <= served


# Of what is loaded once it is needed: which module brings it, and words that its script has.
LATER = {
    "src/viewer/rebuilt.ts": "vtkOpenGLVolumeMapper",
    "src/reading/drawing.ts": "size_from_image",
}
DECODER = "JpegLSDecoder"  # the worker's, which has no place in the manifest


@needs_built
def test_planes_drawing_and_codecs_are_no_part_of_what_the_first_picture_waits_for() -> None:
    chunks = json.loads(BUILT.read_text())
    first: set[str] = set()
    ahead = ["src/entries/reading.tsx", "src/viewer/stage.ts"]
    while ahead:
        key = ahead.pop()
        if key not in first:
            first.add(key)
            ahead += chunks[key].get("imports", [])
    scripts = {key: (BUILT.parents[1] / each["file"]).read_text() for key, each in chunks.items()
               if each["file"].endswith(".js")}  # fmt: skip
    for module, words in (LATER | {"a worker": DECODER}).items():
        assert module not in first
        assert [key for key in first if words in scripts[key]] == [], words
    assert {key: words for key, words in LATER.items() if words in scripts[key]} == LATER
    sent = {f"/static/{chunks[key]['file']}" for key in first}
    asked = set(re.findall(r'(?:modulepreload" href|src)="([^"]+\.js)"', entry("reading")))
    assert asked <= sent


def test_c15_a_page_of_the_flow_names_its_build_and_fetches_the_next_ones_code_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another file, another build; without one, as in unit tests, nothing is fetched."""
    room, stage = assets.SOURCES["reading"], "src/viewer/stage.ts"
    built = {room: {"file": "a.js", "dynamicImports": [stage]}, stage: {"file": "s.js"}}
    pages = []
    for manifest in ({}, built, {**built, stage: {"file": "s2.js"}}):
        assets._build.cache_clear()
        monkeypatch.setattr(assets, "_manifest", lambda made=manifest: made)
        pages.append((flow("reading"), flow()))
    assets._build.cache_clear()
    ahead = [re.findall(r'fetchpriority="low" href="/static/([^"]+)"', each) for each, _ in pages]
    assert ahead == [[], ["s.js", "a.js"], ["s2.js", "a.js"]]
    assert len({room_page for _, room_page in pages}) == 3
    assert all(re.fullmatch(r'<meta name="flow" content="/reading/" data-build="\w{12}">', each)
               for _, each in pages)  # fmt: skip


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Path]:
    """Files as Vite and we name them, collected by the site's own storage, and served."""
    sources, served = tmp_path / "sources", tmp_path / "static"
    for name, content in (
        (SCRIPT_AT, SCRIPT), (STYLE_AT, SCRIPT), (OURS_AT, SCRIPT), (FONT_AT, os.urandom(5000)),
    ):  # fmt: skip
        path = sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    served.mkdir()
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "readerstudy.web.static.Storage"}}
    with override_settings(
        STATIC_ROOT=served,
        STATICFILES_DIRS=[sources],
        STORAGES=storages,
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    ):
        call_command("collectstatic", "--no-input", "-v", "0")
        yield served


def ask(name: str, takes: str = "") -> tuple[HttpResponse, bytes]:
    """The answer to a browser that takes some encodings, and what was sent."""
    answer: Any = Client().get(f"/static/{name}", headers={"accept-encoding": takes})
    assert answer.status_code == 200
    sent = b"".join(answer.streaming_content)
    return answer, sent


def lasts_s(answer: HttpResponse) -> int:
    """For how long it may be kept."""
    found = re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])
    assert found is not None
    return int(found[1])


@pytest.mark.once
def test_r1_what_a_page_loads_is_compressed_before_it_is_asked_for(collected: Path) -> None:
    """By Brotli where the browser takes it, else by gzip, else as it is; and small."""
    for name in (SCRIPT_AT, STYLE_AT):
        assert {f"{Path(name).name}{twin}" for twin in ("", ".br", ".gz")} <= {
            path.name for path in (collected / "assets").iterdir()
        }
        for takes, encoding, plain in (
            ("gzip, deflate, br, zstd", "br", brotli.decompress),
            ("gzip, deflate", "gzip", gzip.decompress),
            ("identity", None, bytes),
        ):
            answer, sent = ask(name, takes)
            assert answer.headers.get("Content-Encoding") == encoding, (name, takes)
            assert "Accept-Encoding" in answer.headers["Vary"]  # a proxy keeps each for itself
            assert plain(sent) == SCRIPT
            assert int(answer.headers["Content-Length"]) == len(sent)
            assert encoding is None or len(sent) < len(SCRIPT) / 20
    assert ask(SCRIPT_AT, "br")[0].headers["Content-Type"].startswith("text/javascript")


@pytest.mark.once
def test_r1_what_does_not_shrink_is_served_as_it_is(collected: Path) -> None:
    answer, sent = ask(FONT_AT, "gzip, br")
    assert "Content-Encoding" not in answer.headers
    assert len(sent) == 5000


@pytest.mark.once
def test_r1_a_file_whose_name_has_its_hash_is_asked_for_once(collected: Path) -> None:
    """For years, and without a question whether it has changed; a plain name is not."""
    ours = next(path.name for path in (collected / "web").glob("plain.*.css"))
    for name in (SCRIPT_AT, STYLE_AT, FONT_AT, f"web/{ours}"):
        answer, _ = ask(name, "br")
        assert "immutable" in answer.headers["Cache-Control"], name
        assert lasts_s(answer) >= 365 * 86400
    answer, _ = ask(OURS_AT, "br")
    assert "immutable" not in answer.headers["Cache-Control"]
    assert lasts_s(answer) <= 3600


@pytest.mark.once
@needs_built
def test_r1_every_file_that_vite_built_has_its_hash_in_its_name() -> None:
    built = [path.name for path in (BUILT.parents[1] / "assets").iterdir()]
    assert len(built) > 5
    test = settings.WHITENOISE_IMMUTABLE_FILE_TEST
    assert [name for name in built if not re.search(test, f"/static/assets/{name}")] == []
