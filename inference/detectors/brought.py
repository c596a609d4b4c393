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


class Brought(nn.Module):
    """A model of others that takes the channels it names and answers with one map."""

    def __init__(self, model: Callable[[Tensor], Any], options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.channels: list[int] = options.get(
            "channels", [*range(len(options.get("roles", ROLES)))]
        )
        self.output: str = options.get("output", "logit")
        self.index: int = options.get("index", 0)  # of the lesion's channel in the output
        if self.output not in {"logit", "probability"}:
            raise UnusableModel(f"output is logit or probability, not {self.output!r}")

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, D, H, W)."""
        answer = self.model(x[:, self.channels].float().contiguous())
        if isinstance(answer, (list, tuple)):
            answer = answer[0]
        if answer.ndim != 5 or answer.shape[2:] != x.shape[2:]:
            raise UnusableModel(
                f"the model answered {tuple(answer.shape)} for {tuple(x.shape)}: it must answer"
                " for every voxel, (batch, channel, z, y, x)"
            )
        one: Tensor = answer[:, self.index : self.index + 1].float()
        return one if self.output == "logit" else one.clamp(1e-6, 1 - 1e-6).logit()


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
    return made
