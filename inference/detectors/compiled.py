"""A network on a CPU by OpenVINO: in 0.55 to 0.8 of torch's time, in 8-bit integers 0.4.

It takes the torch network itself, traced, so that training, heat maps and GPUs stay with torch; or
the same network in 8-bit integers, made once (`inference.training.quantise`). One compilation
serves every size of the input.
"""

import copy
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

FILES = ("int8.xml", "int8.bin")  # of a network in 8-bit integers: what it does, and its numbers
_TRACED = 32  # voxels along each axis of what the network is traced on: any that it can halve


class Compiled:
    """What a network answers, by OpenVINO; input (B, C, D, H, W) and output as the network's.

    With as many threads as torch has now. Not for several threads at once.

    Parameters
    ----------
    model
        OpenVINO's: `traced` or `read`.

    Raises
    ------
    Exception
        Of OpenVINO's several kinds, where it is not there or cannot run the network here.
    """

    def __init__(self, model: Any, *, channels: int, in_bfloat16: bool) -> None:
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if in_bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # workers beside each other would share one core
        }
        self._run = openvino_runtime().Core().compile_model(model, "CPU", options)
        self(_example(channels))  # what a processor cannot run is found out here

    def __call__(self, part: Tensor) -> Tensor:
        """The network's answer to what it sees at once."""
        return torch.from_numpy(self._run([part.float().contiguous().numpy()])[0])

    def release(self) -> None:
        """Give the memory of the last answer back, which is kept for the next one otherwise."""
        self._run.release_memory()


def traced(network: nn.Module, channels: int) -> Any:
    """OpenVINO's model of a network that does the same whatever its input's size.

    Raises
    ------
    Exception
        Of OpenVINO's several kinds, where it is not there or knows not all of it.
    """
    runtime = openvino_runtime()
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    plain = copy.deepcopy(network).float()
    plain = plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing, about sizes that a program compares
        program = torch.jit.trace(plain, _example(channels), check_trace=False)  # type: ignore[no-untyped-call]
    decoder = TorchScriptPythonDecoder(program)  # which would trace it twice, and slowly
    frontend = runtime.frontend.FrontEndManager().load_by_framework("pytorch")
    return frontend.convert(frontend.load(decoder))


def saved(model: Any, folder: Path) -> None:
    """Write a model as OpenVINO's two files, of the names `FILES`."""
    openvino_runtime().save_model(model, folder / FILES[0], compress_to_fp16=False)


def read(files: tuple[bytes, bytes]) -> Any:
    """The model of two such files; their hash is checked before (`inference.detector`)."""
    return openvino_runtime().Core().read_model(*files)


def _example(channels: int) -> Tensor:
    return torch.zeros(1, channels, *[_TRACED] * 3)


def openvino_runtime() -> Any:
    """The package, without its telemetry, which would tell its maker of each import.

    A module that is None here cannot be imported; OpenVINO goes without it then.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino
    import openvino.frontend

    return openvino
