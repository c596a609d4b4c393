"""The child of `sandbox`: one JSON order a line in, one JSON answer a line out."""

import importlib.util
import json
import resource
import sys
import types
from pathlib import Path
from typing import Any

MEMORY_BYTES = 6 * 1024**3


def _load(root: Path) -> Any:
    """Import `parsing` without the platform: `readerstudy/__init__` would load Celery."""
    for name in ("readerstudy", "readerstudy.imaging"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[name] = package
    spec = importlib.util.find_spec("readerstudy.imaging.parsing")
    if spec is None or spec.loader is None:
        raise ImportError("readerstudy.imaging.parsing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Answer orders until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    parsing = _load(Path(sys.argv[1]))
    refused = sys.modules["readerstudy.imaging.refusals"]
    known = parsing.Known()
    told: dict[str, Any] = {}
    for line in sys.stdin:
        order = json.loads(line)
        _limit_cpu(order["seconds"])
        try:
            header = parsing.parse(
                Path(order["path"]),
                bytes.fromhex(order["key"]),
                Path(order["target"]),
                parsing.Options.of(order["options"]),
                known,
            )
            whole = header.as_dict()
            answer = {name: each for name, each in whole.items() if told.get(name) != each}
            told = whole  # of slices most is the same: it is told once
        except refused.RefusedFile as error:
            answer = {"refused": error.reason.name}
        except (MemoryError, RecursionError):
            answer = {"refused": "HUNG"}
        except Exception:  # noqa: BLE001 -- whatever a hostile file does, it is one refused file
            answer = {"refused": "TRUNCATED"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _limit_cpu(seconds: float) -> None:
    """Let the system end this process (SIGXCPU) when the next file has used its time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
