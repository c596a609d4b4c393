"""The multipart reader, whatever the parts hold and however the body arrives."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.imaging.dicomweb import multipart

BOUNDARY = "b-1"


class Trickle(BytesIO):
    """A body that arrives a few bytes at a time."""

    step = 1

    def read(self, size: int | None = -1) -> bytes:
        del size
        return super().read(self.step)


def body(parts: list[bytes], preamble: bytes = b"") -> bytes:
    made = b"".join(
        b"--b-1\r\nContent-Type: application/dicom\r\n\r\n" + each + b"\r\n" for each in parts
    )
    return preamble + made + b"--b-1--\r\n"


PIECES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"--", b"\r\n--b-", b"\r\n--b-2", b"x", b"\0", b"-1"]
)
PARTS = st.lists(st.lists(PIECES, max_size=8).map(b"".join), max_size=4)


def has_delimiter(part: bytes) -> bool:
    return b"\r\n--b-1" in b"\r\n" + part + b"\r\n"


@given(PARTS, st.integers(1, 9), st.integers(1, 9))
def test_parts_come_out_as_they_went_in(parts: list[bytes], step: int, size: int) -> None:
    parts = [each for each in parts if not has_delimiter(each)]
    source = Trickle(body(parts))
    source.step = step
    found = []
    for kind, part in multipart.parts(source, BOUNDARY):
        assert kind.kind == "application/dicom"
        data = b""
        while piece := part.read(size):
            assert len(piece) <= size
            data += piece
        found.append(data)
    assert found == parts


def test_a_part_that_is_left_is_passed() -> None:
    whole = body([b"a" * 600_000, b"b"], preamble=b"to be ignored\r\n")
    assert len(list(multipart.parts(BytesIO(whole), BOUNDARY))) == 2


@given(st.integers(0, len(body([b"abc", b"defgh"])) - 5))
def test_a_body_that_is_cut_short_is_malformed(end: int) -> None:
    with pytest.raises(multipart.Malformed):
        list(multipart.parts(BytesIO(body([b"abc", b"defgh"])[:end]), BOUNDARY))


@pytest.mark.parametrize("boundary", ["", "b" * 201])
def test_a_boundary_that_cannot_be_is_malformed(boundary: str) -> None:
    with pytest.raises(multipart.Malformed):
        list(multipart.parts(BytesIO(body([b"a"])), boundary))
