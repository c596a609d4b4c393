"""P-values adjusted for comparing more than one pair of modalities.

None of the peers adjusts. The default is none, as in their reports; `p_adjusted` gives the
adjusted value beside it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.tables import DataError

Floats = NDArray[np.float64]


def adjust(p_values: Sequence[float], method: str = "holm") -> tuple[float, ...]:
    """Adjusted p-values, in the order given.

    Parameters
    ----------
    p_values
        Of one family of m comparisons.
    method
        ``holm`` (Holm, Scand J Stat 6:65-70, 1979), ``hochberg`` (Biometrika 75:800-802, 1988;
        needs independent or positively dependent tests), ``bonferroni`` or ``none``.
    """
    if method not in _METHODS:
        raise DataError(f"adjustment is {method!r}; it must be one of {', '.join(_METHODS)}")
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return ()
    order = np.argsort(p, kind="stable")
    found = np.empty_like(p)
    found[order] = np.minimum(_METHODS[method](p[order]), 1.0)
    return tuple(float(value) for value in found)


def _holm(ordered: Floats) -> Floats:
    return np.maximum.accumulate(ordered * np.arange(ordered.size, 0, -1))


def _hochberg(ordered: Floats) -> Floats:
    scaled = ordered * np.arange(ordered.size, 0, -1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


_METHODS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda ordered: ordered,
    "bonferroni": lambda ordered: ordered * ordered.size,
    "holm": _holm,
    "hochberg": _hochberg,
}
