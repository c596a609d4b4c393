"""Results that another maker's AI delivered: DICOM SEG, SR (TID 1500) or a table, as lesions.

`reading.read_file` reads one DICOM object (it alone needs highdicom), `combine` puts the objects of
an examination together, `tables.read` reads a table, `place` brings a lesion onto T1c's grid.
"""

from inference.vendor.combining import Result, by_examination, combine
from inference.vendor.placing import Grid, Placed, place
from inference.vendor.values import Delivered, Read, UnusableResult

__all__ = [
    "Delivered",
    "Grid",
    "Placed",
    "Read",
    "Result",
    "UnusableResult",
    "by_examination",
    "combine",
    "place",
]
