"""Which object a file says that it holds, by its first bytes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.imaging.file_meta import name_in, name_of
from tests import dicom


def test_a_file_is_known_by_its_class_and_instance(tmp_path: Path) -> None:
    image = dicom.image()
    path = dicom.save(image, tmp_path / "a")
    assert name_of(path) == (image.SOPClassUID, image.SOPInstanceUID)


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head[:131], lambda head: head[:170], lambda _: b"hello",
        lambda head: head.replace(b"1.2", b"Doe", 1), lambda head: head.replace(b"DICM", b"DICX"),
    ],
)  # fmt: skip
def test_one_that_does_not_say_so_plainly_has_no_name(tmp_path: Path, change: object) -> None:
    head = dicom.save(dicom.image(), tmp_path / "a").read_bytes()[:512]
    assert callable(change)
    assert name_in(change(head)) is None


@given(st.binary(max_size=400))
def test_whatever_comes_raises_nothing(rest: bytes) -> None:
    name_in(b"\0" * 128 + b"DICM" + rest)
