"""Where the seconds of a detection go: from an examination's files to proposals, SEG and SR.

    python -m benchmarks.detectors.stages --rounds 5

The default detector on a CPU and one phantom of four sequences at 1 mm, files in the page cache.
Loading, resampling, candidates and writing are held against the network. For a machine with little
else to do; on another, look at the least seconds of processors, with OMP_NUM_THREADS=1.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

import inference
from inference import export, phantom
from inference.detectors.candidates import candidates
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.explain import explain
from inference.preprocess import prepare, resample
from inference.sources import read_sources
from inference.volume import Volume

SEED = 42_000  # of no other bench
SHAPE = (155, 240, 240)  # the examination: 1 mm, in four sequences
AGAINST = ("loading", "resampling", "candidates", "writing rows", "writing SEG and SR")

Stages = dict[str, list[tuple[float, float]]]  # seconds by the clock, of processors


@contextmanager
def _timed(stages: Stages, name: str) -> Iterator[None]:
    start, used = time.perf_counter(), time.process_time()
    yield
    spent = time.perf_counter() - start, time.process_time() - used
    stages.setdefault(name, []).append(spent)


def _once(detector: VoxelwiseDetector, paths: Mapping[str, list[Path]], stages: Stages) -> int:
    """One examination from files to objects; answers how many proposals there were."""
    with _timed(stages, "loading"):
        examination = inference.read_examination(paths)
    with _timed(stages, "resampling"):
        ready = prepare(examination, detector.needs)
    with _timed(stages, "network"):
        passes = detector.logits(ready)
    reference = examination["t1c"]
    with _timed(stages, "candidates"):
        candidates(passes, ready, reference, detector.card.operating_point["segmentation"])
    lesions, ready, given = detector.found(examination)  # again, for what follows
    with _timed(stages, "heat maps"):
        lesions = [detector._heated(each, n, given) for n, each in enumerate(lesions)]  # noqa: SLF001
    with _timed(stages, "words"):
        lesions = [explain(each, ready, detector.basis) for each in lesions]
    with _timed(stages, "writing rows"):
        for each in lesions:
            each.contours_mm()
            if each.heat is not None:
                each.heat.to_json()
    with _timed(stages, "writing SEG and SR"), tempfile.TemporaryDirectory() as folder:
        source = read_sources(paths["t1c"])
        seg = export.segmentation(lesions, source)
        report = export.measurement_report(lesions, source, seg)
        seg.save_as(Path(folder) / "seg.dcm")
        report.save_as(Path(folder) / "sr.dcm")
    return len(lesions)


def _examination(folder: Path) -> dict[str, list[Path]]:
    """A phantom's four sequences on one grid of 1 mm, as files."""
    case = phantom.make_case(SEED, n_lesions=3)
    affine = case.series["t1c"].affine.copy()
    affine[:3, :3] /= np.linalg.norm(affine[:3, :3], axis=0)
    shape = case.series["t1c"].voxels.shape
    middle = case.series["t1c"].to_mm((np.array(shape) - 1) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    series = {
        role: Volume(resample(volume, affine, SHAPE), affine, role, volume.frame)
        for role, volume in case.series.items()
    }
    return phantom.write_dicom(
        replace(case, series=series), folder, patient_id="SYNTHETIC", study_date="20260102"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    detector = inference.load_detector(inference.default_detector(), "cpu")
    assert isinstance(detector, VoxelwiseDetector)
    with tempfile.TemporaryDirectory() as folder:
        paths = _examination(Path(folder))
        _once(detector, paths, {})  # compiles, loads
        stages: Stages = {}
        found = [_once(detector, paths, stages) for _ in range(rounds)]
    count = sum(map(len, paths.values()))
    print(
        f"{torch.get_num_threads()} threads, {count} files, {found[0]} proposals, {rounds} rounds"
    )
    for name, rows in stages.items():
        clock, used = zip(*rows, strict=True)
        print(f"{name:20} {median(clock):.2f} s ({min(clock):.2f} to {max(clock):.2f}),"
              f" of processors at least {min(used):.3f}")  # fmt: skip
    for kind, pick in (("by the clock", 0), ("of processors", 1)):
        least = {name: min(row[pick] for row in rows) for name, rows in stages.items()}
        others = sum(least[name] for name in AGAINST)
        print(f"{' + '.join(AGAINST)}: {others:.2f} s {kind} at least, "
              f"{others / least['network']:.2f} of the network's")  # fmt: skip


if __name__ == "__main__":
    main()
