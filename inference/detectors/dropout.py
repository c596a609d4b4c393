"""Dropout layers at work in a network that detects: opinions by Gal 2016."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


def dropouts(network: nn.Module) -> list[nn.Module]:
    """The layers that drop something.

    Eight passes through layers with a rate of 0 are the same: they would say that it is certain.

    Raises
    ------
    ValueError
        Where there is none.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]  # noqa: SLF001
    if not layers:
        raise ValueError("this network has no dropout: its opinions are mirror or once")
    if not (at_work := [each for each in layers if each.p > 0]):
        raise ValueError(
            "all of this network's dropout has the rate 0, so that every pass would be the same:"
            " its opinions are mirror or once, or train it with dropout"
        )
    return list(at_work)


@contextmanager
def dropping(network: nn.Module) -> Iterator[None]:
    """Dropout layers at work, all else as in detection."""
    layers = dropouts(network)
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer in layers:
            layer.eval()
