"""Variances of published studies and models by name, for a plan without a pilot of its own.

Every entry says where its numbers are from; `python -m analysis power --list-published` prints
them. They are of other tasks than yours: take two that bracket it, and say so in the protocol.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast

from analysis.planning.components import Components
from analysis.planning.roe_metz import of_roe_metz
from analysis.simulation.roe_metz import Structure, with_auc
from analysis.tables import DataError

ROE_METZ = "roe-metz-"
STRUCTURES = ("HH", "HL", "LH", "LL")


@dataclass(frozen=True)
class Published:
    """A published study: its components, mean figure of merit, size and source."""

    components: Components
    mean: float
    diseased: int
    fom: str


def _study(
    numbers: tuple[float, float, float, float, float, float],
    *,
    cases: tuple[int, int],
    mean: float,
    fom: str,
    source: str,
) -> Published:
    """From var_r, var_tr, cov1, cov2, cov3, var_error as RJafroc prints them."""
    var_r, var_tr, cov1, cov2, cov3, var_error = numbers
    parts = Components(
        var_r=var_r, var_tr=var_tr, cov1=cov1, cov2=cov2, cov3=cov3, var_error=var_error,
        n_cases=sum(cases), source=source,
    )  # fmt: skip
    return Published(parts, mean, cases[0], fom)


_VAN_DYKE = "Van Dyke 1993, spin-echo and cine MRI of aortic dissection, 5 readers"
_FEDERICA = "Federica (Zanca 2009), lesions in mammograms, 5 modalities, 4 readers"
_BY = "Obuchowski-Rockette, jackknife (RJafroc 2.1.3)"

STUDIES = MappingProxyType(
    {
        "van-dyke": _study(
            (0.00153499934513391, 0.000200402523581458, 0.000346613709440732,
             0.000344074828860889, 0.000239028370892154, 0.000802288265572067),
            cases=(45, 69), mean=0.91894, fom="auc", source=f"{_VAN_DYKE}, AUC; {_BY}",
        ),
        "federica-wafroc": _study(
            (0.00220864563554327, -0.000304599776324186, 0.000422035981920836,
             0.000336155636528308, 0.000304311237834361, 0.000928083651152081),
            cases=(100, 100), mean=0.74391, fom="wafroc", source=f"{_FEDERICA}, wAFROC; {_BY}",
        ),
        "federica-afroc": _study(
            (0.0015387722220385, -0.00033254735655063, 0.00036599093758624,
             0.000299960055654585, 0.00026058911594955, 0.000861707298048742),
            cases=(100, 100), mean=0.73031, fom="afroc", source=f"{_FEDERICA}, AFROC; {_BY}",
        ),
        "federica-hrauc": _study(
            (0.00128372105110448, -1.09252271239329e-05, 0.000294800959838283,
             0.000233314060410503, 0.000212127885942761, 0.000789119236429957),
            cases=(100, 100), mean=0.83285, fom="hrauc",
            source=f"{_FEDERICA}, inferred ROC AUC; {_BY}",
        ),
    }
)  # fmt: skip
NAMES = (*STUDIES, *(ROE_METZ + name for name in STRUCTURES))


def published(
    name: str, *, auc: float | None = None, diseased: int = 100, healthy: int = 100
) -> Components:
    """Variances by name.

    Parameters
    ----------
    name : str
        One of `STUDIES`, or roe-metz-HH, -HL, -LH, -LL: the structures of Roe and Metz (Acad
        Radiol 1997; 4:298-303; data correlation, then reader variance) at an expected AUC.
    auc : float, optional
        Needed by the structures, refused by the studies.
    diseased, healthy : int
        Cases of the structures' components.

    Raises
    ------
    DataError
        For an unknown name, or an AUC that is missing or out of place.
    """
    if name in STUDIES:
        if auc is not None:
            raise DataError(f"{name} has a figure of merit of its own: leave the AUC out")
        return STUDIES[name].components
    structure = name.removeprefix(ROE_METZ)
    if structure not in STRUCTURES:
        raise DataError(f"no published parameters {name!r}: there are {', '.join(NAMES)}")
    if auc is None:
        raise DataError(f"{name} needs the expected AUC")
    model = with_auc(auc, cast("Structure", structure))
    found = of_roe_metz(model, healthy=healthy, diseased=diseased)
    return replace(
        found, effect=None, source=f"Roe and Metz 1997, structure {structure}, AUC {auc:g}"
    )
