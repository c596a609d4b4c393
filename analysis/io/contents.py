"""What a study's tables hold, in numbers: what a conversion says that it carried over."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.dataset import Dataset
from analysis.freeresponse.data import FrocData
from analysis.version import VERSION


def of_reads(data: Dataset) -> dict[str, Any]:
    """Readers, cases and reads of a ROC study, by modality."""
    rows = []
    for i, name in enumerate(data.modalities):
        read = data.read[i]
        row = {
            "modality": name,
            "readers": int(read.any(axis=1).sum()),
            "cases": int(read.any(axis=0).sum()),
            "reads": int(read.sum()),
        }
        rows.append(row)
    return _tree(data.readers, data.truth, rows, int(data.read.sum()))


def of_marks(data: FrocData, marks: pd.DataFrame) -> dict[str, Any]:
    """Readers, cases, reads and marks of a FROC study, by modality."""
    rows = []
    for i, name in enumerate(data.modalities):
        read = data.was_read[i]
        row = {
            "modality": name,
            "readers": int(read.any(axis=1).sum()),
            "cases": int(read.any(axis=0).sum()),
            "reads": int(read.sum()),
            "marks": int((marks["modality"].astype(str) == name).sum()),
        }
        rows.append(row)
    tree = _tree(data.readers, data.truth, rows, int(data.was_read.sum()))
    more = {"n_marks": len(marks), "n_lesions": len(data.lesion_id)}
    return {**tree, **more, "warnings": list(data.warnings)}


def _tree(
    readers: tuple[str, ...], truth: np.ndarray, rows: list[dict[str, Any]], reads: int
) -> dict[str, Any]:
    return {
        "modalities": rows,
        "readers": list(readers),
        "n_readers": len(readers),
        "n_cases": int(truth.size),
        "n_diseased": int(truth.sum()),
        "n_reads": reads,
        "warnings": [],
        "version": VERSION,
    }
