"""What memory that does not suffice looks like, and what is tried then."""

import torch

SMALLEST_WINDOW = 32  # voxels along each axis
_LACKS_MEMORY = (
    "out of memory", "can't allocate memory", "bad_alloc",
    "failed to allocate", "could not allocate", "cannot allocate",  # OpenVINO
)  # fmt: skip


def is_lack_of_memory(problem: Exception) -> bool:
    """Whether an error of torch, OpenVINO or Python says that memory does not suffice.

    Or the error that it was raised from: MONAI's windows hide it behind one of their own.
    """
    words = str(problem).lower()
    if isinstance(problem, (MemoryError, torch.OutOfMemoryError)):
        return True
    if any(each in words for each in _LACKS_MEMORY):
        return True
    return isinstance(problem.__cause__, Exception) and is_lack_of_memory(problem.__cause__)


def halved(window: int) -> int | None:
    """Half a window, a multiple of 16 voxels; None where that would see too little."""
    smaller = window // 2 // 16 * 16
    return smaller if smaller >= SMALLEST_WINDOW else None
