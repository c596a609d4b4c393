"""Requirement A6: whatever service changes data writes to the record (found from the source)."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3] / "readerstudy"
APPS = sorted({path.parent.name for path in ROOT.glob("*/services*")} - {"audit"})
WRITES = re.compile(
    r"(\.(save|force_insert|bulk_create|bulk_update|get_or_create|update_or_create|set_password)$)"
    r"|(\bobjects\b.*\.(create|update|delete)$)|(\.(filter|exclude|all)\(.*\.(update|delete)$)",
    re.DOTALL,
)
RECORDS = {"record", "record_view", "audit.record"}
# What is part of a change that is recorded elsewhere, or that no person's act is behind.
EXEMPT: dict[str, str] = {
    "imaging.add_file": "part of a delivery: its start, and its end with the counts, are recorded",
    "imaging.take_folder": "part of a delivery, as add_file",
    "imaging.register_importer": "writes nothing: its `append` is a list's, not a file part's",
    **dict.fromkeys(
        (
            "imaging.start_part",
            "imaging.append",
            "imaging.forget",
            "imaging.take_what_is_whole",
            "imaging.wipe_old_parts",
        ),
        "chunks of a delivery's file: the delivery's start and its end with counts are recorded",
    ),
    "imaging.create_collection": "part of studies.create_study",
    "proposals.request": "the platform asks for a run; its outcome is recorded",
    "proposals.claim": "a worker takes a run; its outcome is recorded",
}


@dataclass
class Found:
    """What one function does by itself, and whom it calls."""

    writes: bool = False
    records: bool = False
    calls: set[str] = field(default_factory=set)


def sources(app: str) -> list[Path]:
    """The modules of an app's services, and those they keep their parts in."""
    package = ROOT / app / "services"
    return sorted(package.glob("*.py")) if package.is_dir() else [ROOT / app / "services.py"]


def functions(path: Path) -> Iterator[tuple[str, Found]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found = Found()
            for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
                name = ast.unparse(call.func)
                found.writes |= bool(WRITES.search(name))
                found.records |= name in RECORDS
                found.calls.add(name.rsplit(".", 1)[-1])
            yield node.name, found


def reach(name: str, known: dict[str, Found], seen: set[str]) -> tuple[bool, bool]:
    """Whether a function writes, and whether it records, itself or by those it calls."""
    if name in seen or name not in known:
        return False, False
    seen.add(name)
    below = [reach(each, known, seen) for each in known[name].calls]
    writes = known[name].writes or any(each for each, _ in below)
    return writes, known[name].records or any(each for _, each in below)


def unrecorded(known: dict[str, Found], public: set[str]) -> list[str]:
    """Public functions that write and do not record."""
    return sorted(name for name in public if reach(name, known, set()) == (True, False))


def silent_services(app: str) -> list[str]:
    known = {name: found for path in sources(app) for name, found in functions(path)}
    services = import_module(f"readerstudy.{app}.services")
    public = getattr(services, "__all__", [name for name in known if not name.startswith("_")])
    assert set(public) & set(known), "the source was not found: this test would hold nothing"
    return [f"{app}.{name}" for name in unrecorded(known, set(public))]


@pytest.mark.parametrize("app", APPS)
def test_a6_every_service_that_changes_data_records_it(app: str) -> None:
    assert [name for name in silent_services(app) if name not in EXEMPT] == []


def test_a6_a_silent_change_would_be_found(tmp_path: Path) -> None:
    """The test can fail: a service like ours without its record."""
    source = tmp_path / "services.py"
    source.write_text(
        "def loud(x):\n    _write(x)\n    record('x', subject='x', by=None)\n"
        "def silent(x):\n    _write(x)\n"
        "def _write(x):\n    Thing.objects.filter(pk=1).update(x=x)\n"
        "def reads(x):\n    return Thing.objects.filter(x=x)\n"
    )
    assert unrecorded(dict(functions(source)), {"loud", "silent", "reads"}) == ["silent"]


def test_a6_no_exemption_is_left_over() -> None:
    assert set(EXEMPT) <= {name for app in APPS for name in silent_services(app)}
