"""Where frames lie, as nginx reads it: lines of one length, in the order of their names."""

from hypothesis import given
from hypothesis import strategies as st

from readerstudy.imaging.frame_table import LINE, Place, written

PLACES = st.builds(
    Place,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.integers(0, 10**11 - 1),
    st.integers(1, 10**11 - 1),
    st.integers(1, 10**6 - 1),
)


@given(st.lists(PLACES, unique_by=lambda place: place.name))
def test_every_line_is_as_long_in_order_and_says_what_it_was_told(places: list[Place]) -> None:
    table = written(places).decode("ascii")
    lines = table.splitlines(keepends=True)
    assert {len(line) for line in lines} <= {LINE}
    found = [Place(line[:32], *map(int, line[32:].split())) for line in lines]
    assert found == sorted(places)


def test_what_is_longer_than_its_place_is_left_out() -> None:
    good = Place("a" * 32, 3000, 131_072, 1)
    assert written([good, Place("b" * 32, 10**11, 1, 1), Place("c" * 32, 1, 1, 10**6)]) == written(
        [good]
    )
