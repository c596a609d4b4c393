"""Statistics of multi-reader multi-case studies: ROC, FROC, reading time, agreement, design.

Usable alone: ``import analysis`` or ``python -m analysis``. The public functions are fetched on
first use, so that importing the package costs nothing (decision 0010).

Examples
--------
>>> import pandas as pd
>>> import analysis
>>> reads = pd.read_csv("tests/data/reference/vandyke.csv")
>>> result = analysis.mrmc(reads, fom="auc", method="or", covariance="jackknife")
>>> round(result.test.p_value, 6)
0.051666
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis import version

if TYPE_CHECKING:
    from analysis.dataset import DataError, Dataset
    from analysis.freeresponse.study import froc
    from analysis.interactions.study import subgroups
    from analysis.multireader.standalone import standalone
    from analysis.multireader.study import Options, mrmc
    from analysis.planning.study import power
    from analysis.results import MrmcResult
    from analysis.roc import RocCurves, roc_curves
    from analysis.times.study import reading_time

_HOME = {
    "DataError": "analysis.dataset",
    "Dataset": "analysis.dataset",
    "MrmcResult": "analysis.results",
    "Options": "analysis.multireader.study",
    "RocCurves": "analysis.roc",
    "roc_curves": "analysis.roc",
    "mrmc": "analysis.multireader.study",
    "standalone": "analysis.multireader.standalone",
    "froc": "analysis.freeresponse.study",
    "reading_time": "analysis.times.study",
    "power": "analysis.planning.study",
    "subgroups": "analysis.interactions.study",
}
_FOLDERS = ("agreement",)

__version__ = version.VERSION
__all__ = [
    "DataError",
    "Dataset",
    "MrmcResult",
    "Options",
    "RocCurves",
    "__version__",
    "froc",
    "mrmc",
    "power",
    "reading_time",
    "roc_curves",
    "standalone",
    "subgroups",
]


def __getattr__(name: str) -> Any:
    """Fetch a public function or type from its module on first use."""
    if name in _FOLDERS:
        return import_module(f"analysis.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
