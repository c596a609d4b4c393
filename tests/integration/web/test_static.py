"""The built frontend as it is served."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from readerstudy.web.templatetags.assets import entry

BUILT = Path(__file__).resolve().parents[3] / "frontend" / "dist" / ".vite" / "manifest.json"


@pytest.mark.once
@pytest.mark.skipif(not BUILT.exists(), reason="NOT RUN: the frontend is not built: make setup")
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
