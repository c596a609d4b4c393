"""What another maker's AI delivered: SEG, SR (TID 1500), RT Structure Set, NIfTI mask or table.

`reading.read_file` reads one file (it alone needs highdicom), `combine` puts the files of an
examination together, `tables.read` reads a table, `place` brings a lesion onto a series' grid.
"""

from inference.vendor.combining import Result, by_examination, combine
from inference.vendor.placing import Placed, is_same, place
from inference.vendor.values import Delivered, Grid, Read, UnusableResult

__all__ = [
    "Delivered",
    "Grid",
    "Placed",
    "Read",
    "Result",
    "UnusableResult",
    "by_examination",
    "combine",
    "is_same",
    "place",
]
