"""The same work on several arrays at once, a thread each: NumPy and SciPy let go of Python's lock.

BLAS keeps to one thread meanwhile. Its own threads spin while they wait for each other: on two
cores that others use too, resampling four series took 10 s with two of them and 0.7 to 2 s so,
with the same values to the bit.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_BLAS = Lock()  # how many threads it has is a setting of the whole process


@lru_cache(maxsize=1)
def _libraries() -> Any:
    return ThreadpoolController()


def threads() -> int:
    """How many threads this process may use: its cores, or what OMP_NUM_THREADS leaves of them."""
    found = _libraries().select(user_api="blas").lib_controllers
    blas = [int(each.num_threads) for each in found]
    return max(1, min([_cores(), *blas]))


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(work: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """What `work` answers for each item, in their order. Not within `work` again."""
    with _BLAS:
        count = min(threads(), len(items))
        with _libraries().limit(limits=1, user_api="blas"):
            if count < 2:
                return [work(each) for each in items]
            with ThreadPoolExecutor(count) as pool:
                return list(pool.map(work, items))
