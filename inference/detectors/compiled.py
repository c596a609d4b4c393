"""A network on a CPU by OpenVINO: the same weights in some two thirds of torch's time.

It takes the torch network itself, traced, so that training, heat maps and GPUs stay with torch. One
compilation serves every size of the input.
"""

import copy
import sys
import warnings
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

_TRACED = 32  # voxels along each axis of what the network is traced on: any that it can halve


class Compiled:
    """What a network answers, by OpenVINO; input (B, C, D, H, W) and output as the network's.

    Raises
    ------
    ImportError, RuntimeError
        Where OpenVINO is not there, or cannot run the network on this machine.
    """

    def __init__(self, network: nn.Module, *, channels: int, in_bfloat16: bool) -> None:
        runtime = _openvino()
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        plain = copy.deepcopy(network).float()
        plain = plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        example = torch.zeros(1, channels, *[_TRACED] * 3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, about sizes that a program compares
            traced = torch.jit.trace(plain, example, check_trace=False)
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

    def __call__(self, part: Tensor) -> Tensor:
        """The network's answer to what it sees at once."""
        return torch.from_numpy(self._run([part.float().contiguous().numpy()])[0].copy())


@lru_cache(maxsize=1)
def _openvino() -> Any:
    """The package, without its telemetry: it would tell its maker of each import.

    It goes without where the package for it lacks, which is what it is told here.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino
    import openvino.frontend

    return openvino
