"""What people call a chain: `audit` knows no studies; who owns chains says their names.

A registry, filled by the apps above from their `AppConfig.ready`.
"""

from collections.abc import Callable, Mapping

Namer = Callable[[], Mapping[str, str]]
_namers: list[Namer] = []


def register(namer: Namer) -> Namer:
    """Add who names chains: what it answers maps a chain to its name."""
    if namer not in _namers:
        _namers.append(namer)
    return namer


def named() -> dict[str, str]:
    """Each chain's name, of those that have one."""
    return {chain: name for namer in _namers for chain, name in namer().items()}
