"""Train, calibrate and measure families at one stated budget; write one table. Resumable.

    python -m benchmarks.detectors.families --steps 400 --minutes 20 cropnet unet-3d
    python -m benchmarks.detectors.families --table          # from what is there

Each step runs in a process of its own, so that its peak memory is its own, and is skipped when its
result is there: a run that was stopped is started again by the same command. Every family gets the
same training phantoms, steps, validation and test phantoms; the budget stands above the table.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Runs one of our commands and tells its peak memory; `python -c` keeps it in one process.
MEASURED = (
    "import json,resource,sys;from inference.__main__ import main;code=main(sys.argv[2:]);"
    "peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024;"
    "open(sys.argv[1],'w').write(json.dumps({'peak_mib':round(peak)}));sys.exit(code)"
)
COLUMNS = (
    ("sensitivity", "all"), ("sensitivity", "0-3 mm"), ("false_positives_per_case",),
    ("predictive_value",), ("froc_score",), ("lesion_wise_dice",), ("hd95_mm_of_found",),
    ("surface_dice_of_found",), ("volume_error_of_found",), ("brats_dice",), ("calibration_error",),
)  # fmt: skip
HEADS = (
    "sensitivity", "below 3 mm", "FP a case", "PPV", "FROC score", "lesion-wise Dice", "HD95, mm",
    "surface Dice, 1 mm", "volume error", "BraTS-METS Dice", "calibration error",
)  # fmt: skip


WORDS = (
    "Written by `python -m benchmarks.detectors.families`; raw scores and the counting rule are"
    " described in README.md beside this file. 95 % intervals over cases in brackets."
)


@dataclass(frozen=True)
class Budget:
    """What every family gets."""

    steps: int
    training_cases: int
    validation_cases: int
    test_cases: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--training", type=int, default=120, help="phantoms")
    parser.add_argument("--validation", type=int, default=20)
    parser.add_argument("--test", type=int, default=40)
    parser.add_argument("--shifts", nargs="*", default=["none"])
    parser.add_argument("--minutes", type=float, default=600, help="limit of one step")
    parser.add_argument("--work", type=Path, default=Path("var/families"))
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--table", action="store_true", help="write the table only")
    options = parser.parse_args()
    budget = Budget(options.steps, options.training, options.validation, options.test)
    if not options.table:
        for family in tqdm(options.families, unit="family"):
            run(family, budget, options)
    out = HERE / "families.md"
    out.write_text(table(options.work))
    print(out)


def run(family: str, budget: Budget, options: argparse.Namespace) -> None:
    """All steps of one family that are not done yet."""
    work = (options.work / f"{budget.steps}-steps").resolve()
    work.mkdir(parents=True, exist_ok=True)
    (work / "budget.json").write_text(json.dumps(asdict(budget)))
    checkpoint = options.cache / f"{family}-{budget.steps}.pt"
    cache = ["--cache", str(options.cache)]
    step(work / f"{family}.train.json", options, [
        "train", "--family", family, "--steps", str(budget.steps),
        "--cases", str(budget.training_cases), "--checkpoint", str(checkpoint), *cache,
    ])  # fmt: skip
    step(work / f"{family}.calibrate.json", options, [
        "calibrate", str(checkpoint), "--family", family,
        "--cases", str(budget.validation_cases), "--folder", str(work), *cache,
    ])  # fmt: skip
    for shift in options.shifts:
        step(work / f"{family}.{shift}.json", options, [
            "evaluate", "--detector", f"{family}@1", "--cases", str(budget.test_cases),
            "--shift", shift, "--out", str(work / "scores"), *cache,
        ], folder=work)  # fmt: skip


def step(
    done: Path, options: argparse.Namespace, arguments: list[str], folder: Path | None = None
) -> None:
    """Run a command unless its result is there; what failed or was stopped leaves no result."""
    if done.exists():
        return
    part = done.with_suffix(".part")
    command = [sys.executable, "-c", MEASURED, str(part), *arguments]
    more = {"READERSTUDY_DETECTORS": str(folder)} if folder else {}
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **more}, check=False, stdout=subprocess.PIPE,
        timeout=60 * options.minutes,
    )  # fmt: skip
    if ended.returncode:
        raise SystemExit(f"{' '.join(arguments)}: stopped with {ended.returncode}")
    peak = json.loads(part.read_text())["peak_mib"]
    text = ended.stdout.decode().strip()
    result = json.loads(text) if arguments[0] == "evaluate" else {}
    part.write_text(json.dumps({"peak_mib": peak, "summary": result}))
    part.replace(done)


def table(work: Path) -> str:
    """The table as Markdown: what was measured here, and apart from it what papers report."""
    lines = ["# Families of detectors on phantoms", "", WORDS, ""]
    literature = json.loads((HERE / "literature.json").read_text())
    heads = ["family", "phantoms", "parameters", *HEADS, "s a case", "network, s", "peak MiB"]
    for folder in sorted(each.parent for each in work.glob("*/budget.json")):
        budget = json.loads((folder / "budget.json").read_text())
        lines += [f"## Budget: {', '.join(f'{v} {k}' for k, v in budget.items())}", ""]
        lines += [_row([*heads, "its paper, on patients (not comparable)"])]
        lines += [_row(["---"] * (len(heads) + 1))]
        lines += [_row([*each, literature.get(each[0], "")]) for each in _measured(folder)]
        lines += [""]
    if len(lines) < 6:
        lines += ["No family has been trained at a budget here yet.", ""]
    lines += ["## What papers report, on patients", "", _row(["family", "figure and source"])]
    lines += [_row(["---", "---"])]
    lines += [_row([name, words]) for name, words in sorted(literature.items())]
    return "\n".join(lines) + "\n"


def _measured(folder: Path) -> Iterator[list[str]]:
    """A row for each family and shift that was measured at a budget."""
    from inference.detectors import families

    for path in sorted(folder.glob("*.json")):
        family, _, shift = path.stem.partition(".")
        if family not in families.FAMILIES or shift in {"train", "calibrate", ""}:
            continue
        kept = json.loads(path.read_text())
        found = kept["summary"]
        count = sum(p.numel() for p in families.build(family).parameters())
        cells = [_cell(found, column) for column in COLUMNS]
        times = [f"{found['seconds_median']}", f"{found.get('network_seconds_median', '')}"]
        yield [family, shift, f"{count / 1e6:.2f} M", *cells, *times, str(kept["peak_mib"])]


def _cell(found: dict[str, Any], column: tuple[str, ...]) -> str:
    value: Any = found
    for name in column:
        value = value.get(name) if value else None
    if isinstance(value, dict):
        if value["value"] is None:
            return "\N{EN DASH}"
        low, high = value["interval"]
        return f"{value['value']:.2f} ({low:.2f} to {high:.2f})"
    return "\N{EN DASH}" if value is None else f"{value:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
