"""Two processes that make the same phantom at one time: the first one's stays, nobody fails."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inference import phantom
from readerstudy.demo import phantoms


def test_a_phantom_that_another_process_made_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "one"

    def slow(*_given: Any, **_more: Any) -> SimpleNamespace:
        folder.mkdir()
        (folder / phantoms.TRUTH).write_text("the other's")
        return SimpleNamespace(lesions=[])

    monkeypatch.setattr(phantom, "make_case", slow)
    monkeypatch.setattr(
        phantom, "write_dicom", lambda _case, into, **_more: into.mkdir(parents=True)
    )
    phantoms.make(phantoms.Order(1, 0, "20260101"), folder)
    assert (folder / phantoms.TRUTH).read_text() == "the other's"
    assert list(tmp_path.iterdir()) == [folder]
