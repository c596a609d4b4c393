"""Work on several arrays at once: the same answers, in order, and BLAS as it was afterwards."""

from collections.abc import Iterator

import numpy as np
import pytest

from inference import side_by_side as work
from inference.detectors.candidates import probable
from inference.preprocess import Prepared, prepare
from inference.volume import Volume


@pytest.fixture(params=[1, 3])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(work, "threads", lambda: request.param)
    return request.param  # type: ignore[no-any-return]


def _blas() -> list[int]:
    return [each.num_threads for each in work._libraries().lib_controllers]


def test_answers_come_in_the_order_of_the_items_and_blas_is_as_it_was(count: int) -> None:
    before = _blas()
    assert work.side_by_side(lambda n: n * n, range(9)) == [n * n for n in range(9)]
    assert work.side_by_side(abs, []) == []
    assert _blas() == before


def test_what_fails_fails_for_who_asked(count: int) -> None:
    with pytest.raises(ZeroDivisionError):
        work.side_by_side(lambda n: 1 // n, [1, 0, 2])
    assert work.side_by_side(abs, [-1]) == [1]


def test_no_more_threads_than_cores_and_blas_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(64)))
    assert work.threads() == max(1, min([64, *_blas()]))
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {5})
    assert work.threads() == 1


def test_the_number_of_threads_changes_no_bit_of_what_the_network_sees(
    around_the_largest: dict[str, Volume], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "threads", lambda: 1)
    alone = prepare(around_the_largest)
    passes = alone.voxels[:2]
    mapped = probable(passes, alone, around_the_largest["t1c"], 0.4)
    monkeypatch.setattr(work, "threads", lambda: 4)
    together = prepare(around_the_largest)
    assert isinstance(together, Prepared)
    assert np.array_equal(together.voxels, alone.voxels)
    again = probable(passes, alone, around_the_largest["t1c"], 0.4)
    assert len(mapped.index) > 1000
    assert np.array_equal(mapped.index, again.index)
    assert np.array_equal(mapped.logits, again.logits)
