"""A network on a CPU by OpenVINO: the same weights in 0.55 to 0.8 of torch's time.

It takes the torch network itself, traced, so that training, heat maps and GPUs stay with torch. One
compilation serves every size of the input.
"""

import copy
import sys
import warnings
from typing import Any

import torch
from torch import Tensor, nn

_TRACED = 32  # voxels along each axis of what the network is traced on: any that it can halve


class Compiled:
    """What a network answers, by OpenVINO; input (B, C, D, H, W) and output as the network's.

    For a network that does the same whatever its input's size: it is traced on one. With as many
    threads as torch has now. Not for several threads at once.

    Raises
    ------
    Exception
        Of OpenVINO's several kinds, where it is not there or cannot run the network here.
    """

    def __init__(self, network: nn.Module, *, channels: int, in_bfloat16: bool) -> None:
        runtime = _openvino()
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        plain = copy.deepcopy(network).float()
        plain = plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        example = torch.zeros(1, channels, *[_TRACED] * 3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, about sizes that a program compares
            traced = torch.jit.trace(plain, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(traced)  # which would trace it twice, and slowly
        frontend = runtime.frontend.FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if in_bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # workers beside each other would share one core
        }
        self._run = runtime.Core().compile_model(model, "CPU", options)
        self(example)  # what a processor cannot run is found out here

    def __call__(self, part: Tensor) -> Tensor:
        """The network's answer to what it sees at once."""
        return torch.from_numpy(self._run([part.float().contiguous().numpy()])[0])

    def release(self) -> None:
        """Give the memory of the last answer back, which is kept for the next one otherwise."""
        self._run.release_memory()


def _openvino() -> Any:
    """The package, without its telemetry, which would tell its maker of each import.

    A module that is None here cannot be imported; OpenVINO goes without it then.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino
    import openvino.frontend

    return openvino
