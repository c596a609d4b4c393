"""Which design a study has, told from who read what."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


class Design(StrEnum):
    """The designs that the analyses tell apart."""

    CROSSED = "crossed"
    READERS_NESTED = "readers nested in modalities"
    CASES_IN_READERS = "cases nested in readers"
    CASES_IN_MODALITIES = "cases nested in modalities"
    SPLIT_PLOT = "split-plot"
    UNBALANCED = "unbalanced"


@dataclass(frozen=True)
class Reads:
    """Who read what: (I, J, K) flags and what follows from them."""

    read: Flags

    @property
    def present(self) -> Flags:
        """(I, J): the reader read something in the modality."""
        return np.asarray(self.read.any(axis=2))

    def design(self) -> Design:
        """Tell the design; a sequential study (unaided, then aided) is crossed in this sense."""
        if self.read.all():
            return Design.CROSSED
        if self._readers_nested():
            return Design.READERS_NESTED
        if not self.present.all():
            return Design.UNBALANCED
        if self._cases_in_modalities():
            return Design.CASES_IN_MODALITIES
        return self._blocks()

    def _readers_nested(self) -> bool:
        """Every reader in exactly one modality, and every modality with two readers at least."""
        present = self.present
        if present.shape[0] < 2 or not (present.sum(axis=0) == 1).all():
            return False
        return bool((present.sum(axis=1) >= 2).all())

    def _cases_in_modalities(self) -> bool:
        """Every case in exactly one modality, and there by every reader."""
        by_modality = self.read.any(axis=1)
        whole = self.read.all(axis=1) == by_modality
        return bool((by_modality.sum(axis=0) == 1).all() and whole.all())

    def _blocks(self) -> Design:
        """Cases in readers, or readers in groups with a block of cases each, else unbalanced."""
        same_everywhere = (self.read == self.read[:1]).all()
        if not same_everywhere:
            return Design.UNBALANCED
        cases = self.read[0]
        groups = np.unique(cases, axis=0)
        if not (groups.sum(axis=0) == 1).all():
            return Design.UNBALANCED
        return Design.CASES_IN_READERS if len(groups) == len(cases) else Design.SPLIT_PLOT
