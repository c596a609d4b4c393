"""C10: a file that is found to be like one before becomes what the long way makes of it."""

from pathlib import Path

import pytest

from readerstudy.imaging import likeness, walker
from readerstudy.imaging.options import Options
from readerstudy.imaging.parsing import Known
from tests.unit.imaging.test_moulds import KEY, made, slice_, whole


def taught(tmp_path: Path, options: Options) -> tuple[Known, bytes]:
    """What two slices teach, and a third that is like them."""
    known = Known()
    for number in (1, 2):
        made(tmp_path, whole(tmp_path, slice_(number)), known, options)
    return known, whole(tmp_path, slice_(3))


def test_c10_a_slice_that_is_laid_out_as_another_is_not_walked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, data = taught(tmp_path, Options())
    wanted = made(tmp_path, data, None, Options())

    def never(*_given: object) -> None:
        raise AssertionError("walked")

    monkeypatch.setattr(walker, "walk", never)
    assert made(tmp_path, data, known, Options()) == wanted


@pytest.mark.fault("E1")
@pytest.mark.parametrize(("options", "step"), [(Options(), 1), (Options(dates="shift"), 7)])
def test_c10_with_one_byte_changed_that_is_not_looked_at_it_is_as_the_long_way_makes_it(
    tmp_path: Path, options: Options, step: int
) -> None:
    known, data = taught(tmp_path, options)
    walked = walker.walk(data, len(data))
    assert walked is not None
    unlike = 0
    for at in range(walker.PREAMBLE - 4, walked.pixels.value, step):
        changed = bytearray(data)
        changed[at] ^= 1
        if known.likenesses.find(bytes(changed), KEY, options):
            found = made(tmp_path, bytes(changed), known, options)
            assert found == made(tmp_path, bytes(changed), None, options), at
        else:
            unlike += 1
    assert unlike > (walked.pixels.value - walker.PREAMBLE) / 2 / step  # heads, and what is kept


def test_c10_a_likeness_holds_for_its_key_its_options_and_its_size_only(tmp_path: Path) -> None:
    known, data = taught(tmp_path, Options())
    assert known.likenesses.find(data, KEY, Options())
    assert not known.likenesses.find(data, b"o" * 32, Options())
    assert not known.likenesses.find(data, KEY, Options(device=True))
    assert not known.likenesses.find(data + b"\0\0", KEY, Options())


def test_c10_series_in_turns_are_all_remembered_but_not_without_end(tmp_path: Path) -> None:
    known = Known()
    many = likeness.MANY + 3
    for number in (1, 2):
        for series in range(many):
            data = whole(tmp_path, slice_(number, SeriesDescription=f"T1 {series:02d}"))
            made(tmp_path, data, known, Options())
    assert len(known.likenesses._kept) == likeness.MANY
    for series in range(many - likeness.MANY, many):
        data = whole(tmp_path, slice_(3, SeriesDescription=f"T1 {series:02d}"))
        assert known.likenesses.find(data, KEY, Options())
