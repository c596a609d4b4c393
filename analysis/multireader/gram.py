"""Products of all pairs of rows."""

import numpy as np
from numpy.typing import NDArray

SMALL = 10_000_000


def gram(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """(R, R) products of all pairs of rows of (R, n), in the precision of the rows.

    Small ones go without the matrix library: on a busy machine waking its threads takes longer
    (50 ms seen) than ten million multiplications.
    """
    if rows.shape[0] ** 2 * rows.shape[1] < SMALL:
        return np.asarray(np.einsum("ak,bk->ab", rows, rows))
    return np.asarray(rows @ rows.T)
