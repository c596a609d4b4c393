"""Models made elsewhere: TorchScript, ONNX, a Python entry point.

docs/own-detectors.md describes them. Models answer with logits (or, by the card's option `output:
probability`, with probabilities) for every voxel of the prepared examination; all else is the way
of the families. A Python entry point is the site's own code and does what it likes.
"""

import io
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from inference.detector import Card, Detector
from inference.detectors.archive import UnusableModel
from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device
from inference.preprocess import ROLES

_PROTOCOL = ("name", "version", "weights_sha256", "needs", "detect")


class Brought(nn.Module):
    """A model of others that takes the channels it names and answers with one map.

    Raises
    ------
    UnusableModel
        For options that cannot be.
    """

    def __init__(self, model: Callable[[Tensor], Any], options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        given = len(options.get("roles", ROLES))
        self.channels: list[int] = options.get("channels", [*range(given)])
        self.output: str = options.get("output", "logit")
        self.index: int = options.get("index", 0)  # of the lesion's channel in the output
        if self.output not in {"logit", "probability"}:
            raise UnusableModel(f"output is logit or probability, not {self.output!r}")
        if not (
            isinstance(self.channels, list)
            and self.channels
            and all(type(each) is int and 0 <= each < given for each in self.channels)
        ):
            raise UnusableModel(f"channels are numbers from 0 to {given - 1}: {self.channels!r}")
        if type(self.index) is not int or self.index < 0:
            raise UnusableModel(f"index is a channel of the answer, from 0: {self.index!r}")

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, D, H, W)."""
        answer = self.model(x[:, self.channels].float().contiguous())
        if isinstance(answer, (list, tuple)) and answer:
            answer = answer[0]
        one = self._lesion(answer, x).float()
        return one if self.output == "logit" else one.clamp(1e-6, 1 - 1e-6).logit()

    def _lesion(self, answer: Any, x: Tensor) -> Tensor:
        """The lesion's channel of an answer for every voxel."""
        if not isinstance(answer, Tensor):
            raise UnusableModel(f"the model answered with a {type(answer).__name__}, not a tensor")
        same = answer.ndim == x.ndim and (len(answer), *answer.shape[2:]) == (len(x), *x.shape[2:])
        if not same or answer.is_complex():
            raise UnusableModel(
                f"the model answered {tuple(answer.shape)} for {tuple(x.shape)}: it must answer"
                " for every voxel, (batch, channel, z, y, x)"
            )
        if self.index >= answer.shape[1]:
            raise UnusableModel(
                f"the model answers with {answer.shape[1]} channels: there is no index {self.index}"
            )
        return answer[:, self.index : self.index + 1]


def load(card: Card, weights: bytes, device: str | None) -> Detector:
    """Load a model that was brought here.

    Raises
    ------
    UnusableModel
        With what to install or to change.
    """
    if card.family == "python":
        return _entry_point(card, weights, device)
    is_torch = card.family != "onnx"
    chosen = chosen_device(device) if is_torch else "cpu"
    model: Callable[[Tensor], Any]
    model = _torchscript(weights, chosen) if is_torch else _onnx(weights)
    network = Brought(model, card.options)
    return VoxelwiseDetector(
        card,
        network,
        chosen,
        window=card.options.get("window"),
        opinions=card.options.get("opinions", "mirror"),
        is_differentiable=is_torch,
        inputs=tuple(card.options.get("roles", ROLES)),
    )


def _torchscript(weights: bytes, device: str) -> nn.Module:
    try:
        with warnings.catch_warnings():  # torch would rather have torch.export; sites have what
            warnings.simplefilter("ignore", DeprecationWarning)  # they have
            model: nn.Module = torch.jit.load(io.BytesIO(weights), map_location=device)  # type: ignore[no-untyped-call]
    except RuntimeError as wrong:
        raise UnusableModel(f"this is no TorchScript model: {str(wrong)[:200]}") from wrong
    return model.eval()


def _onnx(weights: bytes) -> Callable[[Tensor], Tensor]:
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError as missing:
        raise UnusableModel("ONNX models need `pip install onnxruntime==1.32.0`") from missing
    try:
        session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    except Exception as wrong:
        raise UnusableModel(f"this is no ONNX model: {str(wrong)[:200]}") from wrong
    name = session.get_inputs()[0].name

    def run(x: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {name: x.cpu().numpy()})[0])

    return run


def _entry_point(card: Card, weights: bytes, device: str | None) -> Detector:
    """`options.entry` is "module:function", called as `function(card, weights, device)`."""
    module, _, function = str(card.options.get("entry", "")).partition(":")
    try:
        made: Detector = getattr(import_module(module), function)(card, weights, device)
    except (ImportError, AttributeError, ValueError) as wrong:
        raise UnusableModel(
            f"{card.value}: no entry point {module}:{function} ({wrong})"
        ) from wrong
    if lacking := [each for each in _PROTOCOL if not hasattr(made, each)]:
        raise UnusableModel(
            f"{module}:{function} made a {type(made).__name__}, which lacks {', '.join(lacking)}:"
            " it must make a detector (inference.detector.Detector)"
        )
    if (made.name, made.version, made.weights_sha256) != (
        card.name, card.version, card.weights_sha256,
    ):  # fmt: skip
        raise UnusableModel(
            f"{module}:{function} made a detector of another name, version or hash than its card's:"
            " proposals would be kept under weights that did not make them"
        )
    return made
