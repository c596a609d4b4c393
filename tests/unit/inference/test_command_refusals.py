"""The command line refuses what cannot be in one line, before anything is made."""

from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError

import pydicom
import pytest
import torch
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset

from inference import __main__ as command
from inference.__main__ import main

HERE = Path(__file__)


def series(folder: Path, change: Callable[[FileDataset], None]) -> Path:
    """An examination whose slices were changed."""
    (folder / "t1c").mkdir(parents=True)
    for number in range(4):
        image = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
        image.ImagePositionPatient = [0, 0, number * 5]
        change(image)
        image.save_as(folder / "t1c" / f"{number}.dcm")
    return folder


def without(name: str) -> Callable[[FileDataset], None]:
    return lambda image: delattr(image, name)


def short(image: FileDataset) -> None:
    image.PixelData = image.PixelData[:100]


@pytest.mark.parametrize(
    "change",
    [
        without("ImagePositionPatient"), without("PixelSpacing"), without("PixelData"),
        without("Rows"), short,
    ],
)  # fmt: skip
def test_a_file_that_is_no_slice_is_one_line(
    change: Callable[[FileDataset], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = series(tmp_path / "examination", change)
    assert main(["detect", str(folder), "--detector", "space-to-depth@1", "--device", "cpu"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("inference: ")
    assert told.err.count("\n") == 1
    assert not told.out


def test_a_gpu_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "t1c").mkdir()
    for words in (["detect", str(tmp_path)], ["train", "--cache", str(tmp_path / "cache")]):
        assert main([*words, "--device", "cuda"]) == 2
        assert capsys.readouterr().err == (
            "inference: there is no GPU here that torch can use: ask for cpu\n"
        )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train --steps 0", "argument --steps: 0 is no whole number of at least 1"),
        ("train --workers two", "argument --workers: two is no whole number"),
        ("train --rate -1", "argument --rate: -1 is no number above 0"),
        ("train --alone 5", "argument --alone: 5 is no share"),
        ("train --device tpu", "argument --device: tpu is neither cpu nor cuda"),
        ("evaluate --cases -1", "argument --cases: -1 is no whole number"),
        ("evaluate --radius-mm nan", "argument --radius-mm: nan is no number above 0"),
        ("phantom x --count 0", "argument --count: 0 is no whole number"),
        ("phantom x --seed -1", "argument --seed: -1 is no whole number of at least 0"),
        ("phantom x --lesions -1", "argument --lesions: -1 is no whole number of at least 0"),
        ("phantom x --dry 2", "argument --dry: 2 is no share, 0 to 1"),
        ("phantom x --at-vessels few", "argument --at-vessels: few is no whole number"),
        ("phantom x --smallest-mm nan", "argument --smallest-mm: nan is no number above 0"),
        ("classify --training 0", "argument --training: 0 is no whole number"),
        ("quantise --version a/b", "argument --version: 'a/b': letters"),
        ("", "required: COMMAND"),
    ],
)
def test_an_argument_that_cannot_be_is_named(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["phantom", str(HERE)], "File exists"),
        (["train", "--cache", str(HERE)], "File exists"),
        (["evaluate", "--cache", str(HERE), "--cases", "1"], "File exists"),
        (["calibrate", str(HERE / "no"), "--cache", str(HERE)], "Not a directory"),
        (["calibrate", str(HERE), "--cache", str(HERE)], "File exists"),
        (["evaluate", "--detector", "q"], "no detector 'q'; known here"),
        (["train", "--family", "q"], "no family 'q'; there are"),
        (["classify", "--question", "q"], "there is no 'q' but tumour"),
        (["classify", "--head", "q"], "there is no 'q' but logistic-lasso"),
        (["vendor", str(HERE / "no")], "Not a directory"),
        (["phantom", str(HERE.parent), "--count", "9" * 24], "too large"),
    ],
)
def test_what_is_not_there_is_one_line_before_anything_is_made(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("inference: ")
    assert error.count("\n") == 1
    assert told in error


@pytest.mark.parametrize(
    ("problem", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (RuntimeError("size mismatch for\n\tweight"), 2, "size mismatch for weight"),
        (MemoryError(), 2, "MemoryError"),
        (UnpicklingError("no weights"), 2, "no weights"),
        (KeyError(), 2, "KeyError"),
        (RuntimeError("x" * 5000), 2, "x" * command.MOST_WORDS),
    ],
)
def test_what_fails_while_it_runs_is_one_line_of_bounded_length(
    problem: BaseException, code: int, told: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def fail(_options: object) -> None:
        raise problem

    monkeypatch.setattr(command, "_families", fail)
    assert main(["families"]) == code
    assert capsys.readouterr().err == f"inference: {told}\n"


@pytest.mark.parametrize("option", ["--lesions", "--at-vessels", "--leptomeningeal"])
def test_more_lesions_than_labels_can_number_are_refused_before_a_head_is_made(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["phantom", str(tmp_path), option, "1000"]) == 2
    told = "inference: 1000 lesions are asked for: give 200 or fewer in all\n"
    assert capsys.readouterr().err == told
