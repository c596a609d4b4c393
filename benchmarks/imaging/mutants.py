"""Feed damaged files to the parser: taken or refused with a reason, never anything else (E1).

    python -m benchmarks.imaging.mutants [--count 100000] [--state var/mutants.json]

Input number n is the same in every run: a file of `sources` with 1 to 4 places changed, flipped,
taken out or put in, in its header or its pixels. Each is parsed with the moulds of those before it,
under the sandbox's limit of memory; what is taken from a mould must be what the long way makes of
it, byte for byte. What was done is kept in the state file every few hundred inputs: a run that was
stopped goes on there.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.data import get_testdata_file
from tqdm import tqdm

from readerstudy.imaging import moulds, parsing
from readerstudy.imaging.refusals import RefusedFile
from readerstudy.imaging.sandbox_child import MEMORY_BYTES
from tests import dicom

KEY = b"k" * 32
TOGETHER = 500
MOULD = "of them from a mould"
REAL = (
    "MR_small.dcm", "CT_small.dcm", "MR_small_RLE.dcm", "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
)  # fmt: skip


def sources(folder: Path) -> list[bytes]:
    """Three slices of one series, and files of scanners."""
    uids = ("1.2.3.4", "1.2.3.4.5")
    made = [
        dicom.save(
            dicom.image(number=number, position=(0.0, 0.0, float(number)), uids=uids),
            folder / "slice.dcm",
        ).read_bytes()
        for number in (1, 2, 3)
    ]
    return made + [Path(str(get_testdata_file(name))).read_bytes() for name in REAL]


def mutant(number: int, files: list[bytes]) -> bytes:
    """The input of that number."""
    rng = np.random.default_rng([6, number])
    data = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.integers(1, 5))):
        # Half of the places lie in the first 2 kB: headers are small, and hurt more.
        end = len(data) if rng.random() < 0.5 else min(len(data), 2048)
        place, size = int(rng.integers(132, end)), int(rng.integers(1, 9))
        how = rng.choice(4, p=[0.4, 0.4, 0.1, 0.1])
        if how == 0:
            data[place : place + size] = rng.bytes(len(data[place : place + size]))
        elif how == 1:
            data[place] ^= 1 << int(rng.integers(8))
        elif how == 2:
            del data[place : place + size]
        else:
            data[place:place] = rng.bytes(size)
    return bytes(data)


class Run:
    """What became of the inputs so far."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.done = 0
        self.counts: dict[str, int] = {}
        self.wrong: list[list[Any]] = []
        self.slowest_s = self.memory_mb = 0.0
        if state.exists():
            vars(self).update(json.loads(state.read_text()))

    def count(self, what: str) -> None:
        """One more of a kind."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def save(self) -> None:
        """Keep what is known; a file that is there whole or not at all."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.memory_mb = max(self.memory_mb, round(peak, 1))
        told = {name: value for name, value in vars(self).items() if name != "_state"}
        part = self._state.with_name(f"{self._state.name}.part")
        part.write_text(json.dumps(told, indent=1))
        part.replace(self._state)


def one(run: Run, number: int, data: bytes, folder: Path, known: parsing.Known) -> None:
    """Parse one input, and again the long way where a mould made it."""
    path, target, again = folder / "in.dcm", folder / "out.dcm", folder / "again.dcm"
    path.write_bytes(data)
    before = run.counts.get(MOULD, 0)
    start = time.process_time()
    try:
        header = parsing.parse(path, KEY, target, known=known)
    except RefusedFile as refused:
        run.count(refused.reason.name)
    except (MemoryError, RecursionError):
        run.count("HUNG")  # as the sandbox answers
    except Exception as error:  # noqa: BLE001 -- what is looked for
        run.wrong.append([number, f"{type(error).__name__}: {error}"[:300]])
    else:
        run.count("taken")
        if run.counts.get(MOULD, 0) > before:
            other = parsing.parse(path, KEY, again)
            if (header, target.read_bytes()) != (other, again.read_bytes()):
                run.wrong.append([number, "a mould makes it otherwise"])
    run.slowest_s = max(run.slowest_s, round(time.process_time() - start, 3))


def counting(run: Run) -> Callable[..., Any]:
    """`moulds.cast`, with a count of what it makes."""
    cast = moulds.cast

    def counted(*given: Any) -> Any:
        answer = cast(*given)
        if answer is not None:
            run.count(MOULD)
        return answer

    return counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--state", type=Path, default=Path("var/mutants.json"))
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    run, known = Run(asked.state), parsing.Known()
    moulds.cast = counting(run)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = sources(folder)
        for each in [*files, *files]:  # the moulds and likenesses of whole files are there first
            (folder / "whole.dcm").write_bytes(each)
            parsing.parse(folder / "whole.dcm", KEY, folder / "out.dcm", known=known)
        with tqdm(total=asked.count, initial=run.done, unit="file") as bar:
            while run.done < asked.count:
                one(run, run.done, mutant(run.done, files), folder, known)
                run.done += 1
                bar.update()
                if run.done % TOGETHER == 0 or run.done == asked.count:
                    run.save()
    print(json.dumps({**run.counts, "wrong": run.wrong, "slowest_s": run.slowest_s,
                      "memory_mb": run.memory_mb}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
