"""Detectors whose network answers for every voxel: preparation, inference, candidates."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.detector import Card, Note, Stage, Used, unheard
from inference.detectors.bounded import bounded
from inference.detectors.candidates import Candidate, candidates, pieces
from inference.detectors.compiled import Compiled, read, traced
from inference.detectors.dropout import dropouts, dropping
from inference.detectors.layout import folded, is_bfloat16_fast, is_int8_fast, laid_out
from inference.detectors.memory import halved, is_lack_of_memory
from inference.detectors.on_device import OnDevice, left_right_of, prepare_on, probable_on, turned
from inference.detectors.space_to_depth import SpaceToDepth
from inference.detectors.together import maps_of
from inference.explain import Basis, explain, is_fitted
from inference.explain.heat import METHODS, OURS, Sight, heat_map
from inference.lesions import Lesion
from inference.preprocess import ROLES, Prepared, prepare, reference_of
from inference.volume import Affine, Volume

_DROPOUT_PASSES = 8
MOST = 200  # proposals of a case: what marks more has failed, and explaining all would take hours
_HEAT_MAPS = 12  # of a case, the most probable lesions': each costs a few small passes


class VoxelwiseDetector:
    """A network over the head, mirrored left to right for a second opinion.

    Parameters
    ----------
    window
        Voxels along each axis that the network sees at once; None: the whole head in one pass.
        Memory that does not suffice halves it, down to 32 voxels; then a GPU gives way to the CPU.
        For the examination that lacked it: the next one begins as all do.
    opinions
        "mirror" (as it is and mirrored), "once", or "dropout" (Gal 2016: eight passes with the
        network's dropout layers on; refused where none drops anything). With `others`,
        every member of the ensemble answers.
    others
        Further networks of an ensemble.
    is_differentiable
        Whether heat maps can be made: not of a model that runs outside torch.
    inputs
        The roles of the series that are its channels, in their order.

    Raises
    ------
    ValueError
        For unknown opinions or heat maps, for "dropout" of a network without any at work, and for
        a window that is no number of voxels.
    """

    sight: Sight = OURS  # of heat maps
    are_folds = False  # the networks: of one training, as nnU-Net's, not members of an ensemble
    is_always_there = False  # on a CPU too, prepared as on a device: for tests and benches
    # The first network in 8-bit integers (`compiled.FILES`), for CPUs that are fast in them.
    int8: tuple[bytes, bytes] | None = None

    def __init__(
        self,
        card: Card,
        network: nn.Module,
        device: str,
        *,
        window: int | None = None,
        opinions: str = "mirror",
        others: Sequence[nn.Module] = (),
        is_differentiable: bool = True,
        inputs: tuple[str, ...] = ROLES,
    ) -> None:
        if opinions not in {"mirror", "once", "dropout"}:
            raise ValueError(f"opinions are mirror, once or dropout, not {opinions!r}")
        if window is not None and (type(window) is not int or window < 1):
            raise ValueError(f"window is voxels along each axis, or null: {window!r}")
        self.heat = card.options.get("heat", METHODS[0])
        if self.heat not in METHODS:
            raise ValueError(f"heat is {' or '.join(METHODS)}, not {self.heat!r}")
        self.card = card
        self.name, self.version = card.name, card.version
        self.weights_sha256, self.needs = card.weights_sha256, card.needs
        self.device = torch.device(device)
        self.window, self.opinions, self.inputs = window, opinions, inputs
        self.used: Used | None = None  # by the last examination
        if inputs != ROLES:
            self.sight = Sight(roles=inputs)
        self.is_differentiable = is_differentiable and getattr(network, "is_differentiable", True)
        self._compiled: dict[nn.Module, Compiled] = {}
        self._for_openvino: set[nn.Module] = set()  # on a CPU, while it can
        self._full = window, self.device
        self.networks = [self._ready(each) for each in (network, *others)]
        if opinions == "dropout":
            for each in self.networks:
                dropouts(each)

    def _ready(self, network: nn.Module) -> nn.Module:
        """A network for inference, in 16 bits from end to end where that is fast and harmless."""
        without_norms = folded(network)
        made = laid_out(without_norms or network, self.device).eval()
        made.requires_grad_(requires_grad=False)
        if without_norms is not None and isinstance(made, SpaceToDepth):
            self._for_openvino.add(made)
        # Statistics of norms want more than 16 bits; without any, nothing need be cast on the way.
        is_small = without_norms is not None and self.device.type == "cpu"
        return made.to(torch.bfloat16) if is_small and is_bfloat16_fast(self.device) else made

    @property
    def basis(self) -> Basis:
        """What words may say of its probabilities and uncertainties."""
        return Basis(
            is_calibrated=is_fitted(self.card.operating_point),
            opinions=self.opinions,
            networks=len(self.networks),
            are_folds=self.are_folds,
        )

    def detect(
        self, examination: Mapping[str, Volume], *, halvings: int = 0, note: Note = unheard
    ) -> list[Lesion]:
        """Return lesions above the card's operating point, by falling probability, `MOST` of them.

        Parameters
        ----------
        halvings
            How often its windows are halved before it begins, where memory is known to lack.
        note
            Told what it is at.

        Raises
        ------
        UnusableExamination
            If a needed series is missing or the reference shows no head.
        """
        lesions, ready, given = self.found(examination, halvings, note)
        note(Stage.EXPLAINING)
        return self._explained(lesions, ready, given)

    def found(
        self, examination: Mapping[str, Volume], halvings: int = 0, note: Note = unheard
    ) -> tuple[list[Lesion], Prepared, Prepared]:
        """What `detect` returns without words and heat maps; the examination as it was prepared.

        Returns
        -------
        lesions
            Above the card's operating point, by falling probability.
        ready, given
            As this package prepares it, and as the network was given it.
        """
        if (there := self._there(examination)) is not None:
            note(Stage.NETWORK)
            return self._found_there(
                examination, there, self.maps(there.voxels, there.affine, halvings)
            )
        ready = prepare(examination, self.needs, self.inputs)
        given = self.given(examination, ready)
        note(Stage.NETWORK)
        passes = self.logits(given, halvings)
        reference = examination[ready.reference]
        found = candidates(passes, given, reference, self.card.operating_point["segmentation"])
        return self._lesions(found, reference), ready, given

    def detect_batch(self, examinations: Sequence[Mapping[str, Volume]]) -> list[list[Lesion]]:
        """As `detect`, for several examinations: on a GPU those of one shape go through together.

        Where memory lacks for several, each goes by itself, in smaller windows if it must. On a
        CPU one after the other: there is nothing to gain.

        Raises
        ------
        UnusableExamination
            For any of them; nothing is answered then.
        """
        there = [self._there(each) for each in examinations]
        ready = [each for each in there if each is not None]
        if len(ready) < len(examinations):
            return [self.detect(each) for each in examinations]
        answers = []
        for examination, one, maps in zip(examinations, ready, maps_of(self, ready), strict=True):
            answers.append(self._explained(*self._found_there(examination, one, maps)))
        return answers

    def _explained(
        self, lesions: Sequence[Lesion], ready: Prepared, given: Prepared
    ) -> list[Lesion]:
        """The `MOST` most probable with heat maps and words; `used` says of how many."""
        found = len(lesions) if len(lesions) > MOST else None
        self.used = replace(self.used or Used(self.device.type), found=found)
        heated = [self._heated(each, n, given) for n, each in enumerate(lesions[:MOST])]
        return [explain(each, ready, self.basis) for each in heated]

    def _there(self, examination: Mapping[str, Volume]) -> OnDevice | None:
        """The examination as it is prepared on a device; None where this machine prepares it.

        That is for a CPU, for networks that are given something else, and where memory lacks.
        """
        _, device = self._full
        ours = VoxelwiseDetector.given, VoxelwiseDetector.logits
        is_own = (type(self).given, type(self).logits) != ours
        if is_own or (device.type == "cpu" and not self.is_always_there):
            return None
        try:
            return prepare_on(device, examination, self.needs, self.inputs)
        except (MemoryError, RuntimeError) as problem:
            if not is_lack_of_memory(problem):
                raise
            return None

    def _found_there(
        self, examination: Mapping[str, Volume], there: OnDevice, maps: Tensor
    ) -> tuple[list[Lesion], Prepared, Prepared]:
        """What `found` returns, of maps on a device; the images come back last, for words."""
        reference = examination[reference_of(there.roles)]
        point = self.card.operating_point["segmentation"]
        ready = there.fetched()
        try:
            found = pieces(probable_on(maps, there, reference, point), reference, point)
        except (MemoryError, RuntimeError) as problem:
            if not is_lack_of_memory(problem):
                raise
            found = candidates(maps.cpu().numpy(), ready, reference, point)
        return self._lesions(found, reference), ready, ready

    def _lesions(self, found: Sequence[Candidate], reference: Volume) -> list[Lesion]:
        """Candidates above the card's operating point, by falling probability."""
        lesions = []
        for candidate in found:
            each = [self.probability(score) for score in candidate.scores]
            probability = self.probability(candidate.score)
            if probability >= self.card.operating_point["probability"]:
                lesion = Lesion(
                    candidate.mask,
                    candidate.offset,
                    reference.affine,
                    probability,
                    float(np.std(each)) if len(each) > 1 else None,
                )
                lesions.append(lesion)
        return sorted(lesions, key=lambda lesion: -lesion.probability)

    def _heated(self, lesion: Lesion, number: int, given: Prepared) -> Lesion:
        """The lesion with its heat map, where one can be made."""
        if not self.is_differentiable or number >= _HEAT_MAPS:
            return lesion
        try:
            with self._precision():
                heat = heat_map(self.networks[0], lesion, given, self.sight, self.heat)
            return replace(lesion, heat=heat)
        except RuntimeError as problem:  # a brought model without a slope; memory that lacks
            # A proposal is worth more than its heat map.
            warnings.warn(f"{self.card.value}: no heat map: {problem}", stacklevel=2)
            return lesion

    def given(self, _examination: Mapping[str, Volume], ready: Prepared) -> Prepared:
        """What the network is given: the examination as this package prepares it."""
        return ready

    def probability(self, score: float) -> float:
        """Calibrated probability of a candidate: its logit, scaled and shifted."""
        point = self.card.operating_point
        return float(1 / (1 + np.exp(-(score / point["temperature"] + point["bias"]))))

    @torch.inference_mode()
    def logits(self, ready: Prepared, halvings: int = 0) -> NDArray[np.float32]:
        """Return logits (pass, z, y, x): one a network and opinion, the plain one first."""
        maps = self.maps(torch.from_numpy(ready.voxels), ready.affine, halvings)
        return np.asarray(maps.cpu().numpy())

    @torch.inference_mode()
    def maps(self, channels: Tensor, affine: Affine, halvings: int = 0) -> Tensor:
        """As `logits`, of channels (role, z, y, x), on the device that could do it."""
        length = max(channels.shape[1:])
        self.begin(length, halvings)
        asked = self.asked(left_right_of(affine))
        outputs = [self._one(network, channels[None], axes) for network, axes in asked]
        for compiled in self._compiled.values():
            compiled.release()
        window, is_reduced = self.seen(length), self._full != (self.window, self.device)
        self.used = Used(self.device.type, window if window < length else None, is_reduced)
        return torch.stack([each.to(outputs[-1].device) for each in outputs])

    def asked(self, left_right: int) -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
        """Each pass: its network, and the axes along which it is mirrored, and turned back."""
        for network in self.networks:
            if self.opinions == "dropout":
                with dropping(network):
                    yield from [(network, ())] * _DROPOUT_PASSES
                continue
            yield network, ()
            if self.opinions == "mirror":
                yield network, (left_right,)

    def _one(self, network: nn.Module, voxels: Tensor, axes: tuple[int, ...]) -> Tensor:
        """One pass (z, y, x) on its device; smaller windows and then the CPU where memory lacks."""
        while True:
            try:
                there = turned(voxels.to(self.device), axes)
                return turned(self._pass(network, there), axes)[0, 0]
            except (MemoryError, RuntimeError) as problem:
                if not is_lack_of_memory(problem):
                    raise
                self._give_way(max(voxels.shape[2:]), problem)

    def begin(self, length: int, halvings: int) -> None:
        """As it was made: an examination that lacked memory says nothing about the next one."""
        self.window, device = self._full
        try:
            self._move(device)
        except (MemoryError, RuntimeError) as problem:
            if not is_lack_of_memory(problem):
                raise
            self._move(torch.device("cpu"))  # what others left of the card is too little
        for _ in range(halvings):
            self.window = halved(self.seen(length)) or self.window

    def seen(self, length: int) -> int:
        """Voxels along the longest axis that it sees at once, of so many."""
        return min(self.window or length, length)

    def _give_way(self, length: int, problem: Exception) -> None:
        if smaller := halved(self.seen(length)):
            self.window = smaller
        elif self.device.type != "cpu":
            self._move(torch.device("cpu"))
        else:
            raise problem

    def _move(self, device: torch.device) -> None:
        # Each of them, wherever it is: a move that lacked memory half way leaves some behind.
        with torch.inference_mode(mode=False):  # heat maps need parameters with slopes
            self.networks = [each.to(device) for each in self.networks]
        self.device = device

    def _pass(self, network: nn.Module, voxels: Tensor) -> Tensor:
        if self.window is None or max(voxels.shape[2:]) <= self.window:
            return self.run(network, voxels)
        return self.windows(network, voxels, [self.window] * 3, overlap=0.25)

    def windows(
        self, network: nn.Module, voxels: Tensor, size: Sequence[int], overlap: float
    ) -> Tensor:
        """A network on windows of a size that overlap by a part, joined with Gaussian weights."""
        from monai.inferers.utils import sliding_window_inference

        joined = sliding_window_inference(
            voxels, size, 1, lambda part: self.run(network, part), overlap=overlap, mode="gaussian"
        )
        assert isinstance(joined, Tensor)  # noqa: S101 -- one output, so one tensor
        return joined

    def run(self, network: nn.Module, part: Tensor) -> Tensor:
        """A network on what it sees at once, in the device's fast precision."""
        if (compiled := self._by_openvino(network, part.shape[1])) is not None:
            return bounded(compiled(part))
        is_small = any(each.dtype == torch.bfloat16 for each in network.parameters())
        dtype = torch.bfloat16 if is_small else part.dtype
        part = part.to(dtype, memory_format=torch.channels_last_3d)
        with self._precision():
            answer: Tensor = network(part)
        return bounded(answer.float())

    def _by_openvino(self, network: nn.Module, channels: int) -> Compiled | None:
        """The network as OpenVINO runs it: ours, without norms, on a CPU; None where torch does."""
        if self.device.type != "cpu" or network not in self._for_openvino:
            return None
        if network not in self._compiled:
            try:
                self._compiled[network] = self._compilation(network, channels)
            except MemoryError:
                raise
            except Exception as problem:  # noqa: BLE001 -- its kinds have no common one
                words = f"{self.card.value}: torch instead of OpenVINO: {problem}"
                warnings.warn(words, stacklevel=2)
                self._for_openvino.discard(network)
        return self._compiled.get(network)

    def _compilation(self, network: nn.Module, channels: int) -> Compiled:
        """A network for OpenVINO, in 8-bit integers where it is there and this processor has them.

        What is left in floating point then stays single, as it was measured.
        """
        if self.int8 is not None and network is self.networks[0] and is_int8_fast():
            return Compiled(read(self.int8), channels=channels, in_bfloat16=False)
        in_bfloat16 = is_bfloat16_fast(self.device)
        return Compiled(traced(network, channels), channels=channels, in_bfloat16=in_bfloat16)

    def _precision(self) -> torch.autocast:
        is_fast = is_bfloat16_fast(self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_fast)


def chosen_device(device: str | None) -> str:
    """The device asked for, else CUDA where there is one."""
    return device or ("cuda" if torch.cuda.is_available() else "cpu")
