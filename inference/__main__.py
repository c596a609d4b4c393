"""`python -m inference`: phantoms, detection, training, evaluation, from the command line."""

import argparse
import json
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from pickle import PickleError

from tqdm import tqdm

import inference
from inference import arguments
from inference.detector import WEIGHTS, card_of, detect, grid_role
from inference.distances import RADIUS_MM, DistanceRule
from inference.preprocess import ROLES, SERIES
from inference.series import UnreadableSeries, read_examination, series_in
from inference.training import command as train
from inference.training.command import CACHE, DEFAULT_FAMILY
from inference.volume import Volume

SEGMENTATION_LEVEL = 0.4
VALIDATION_CASES, TEST_CASES = 24, 100
# Of files, of values, of what torch says of weights and of memory.
_PROBLEMS = (
    OSError, ValueError, LookupError, RuntimeError, MemoryError, EOFError, PickleError,
    OverflowError,
)  # fmt: skip
MOST_WORDS = 600  # characters of a problem: torch names every layer that does not fit
VENDOR_BYTES, VENDOR_SECONDS = 6 * 1024**3, 60  # a file of others
VENDOR_CHARACTERS = 32 * 1024**2  # of what is told of it


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; a problem with the input is one clear line and exit status 2."""
    options = _parser().parse_args(words)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("inference: stopped", file=sys.stderr)
        return 130
    except _PROBLEMS as problem:
        print(f"inference: {_line(problem)}", file=sys.stderr)
        return 2
    return 0


def _line(problem: Exception) -> str:
    """A problem in one line; of a `KeyError` what it names, without its quotes."""
    said = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
    return " ".join(str(said).split())[:MOST_WORDS] or type(problem).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m inference", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("phantom", help="write synthetic examinations as DICOM with truth")
    one.add_argument("folder", type=Path)
    words = "of the first; the next count on"
    one.add_argument("--seed", type=arguments.natural, default=1, help=words)
    one.add_argument("--count", type=arguments.count, default=1)
    one.add_argument("--lesions", type=arguments.natural, help="0 for none; default: drawn")
    words = "metastases' least diameter (2), 1.5 or more"
    one.add_argument("--smallest-mm", type=arguments.positive, default=2.0, help=words)
    one.add_argument("--ct", action="store_true", help="also a CT of the same head")
    one.add_argument(
        "--dry", type=arguments.share, default=0, help="share of metastases without oedema"
    )
    one.add_argument("--leptomeningeal", type=arguments.natural, default=0, help="how many besides")
    words = "how many small ones at a vessel's wall besides"
    one.add_argument("--at-vessels", type=arguments.natural, default=0, help=words)
    one.add_argument(
        "--shift", default="none", help="unlike the training's, by name: sagittal, ..."
    )
    one.set_defaults(run=_phantom)

    one = commands.add_parser("detect", help="propose lesions on an examination")
    one.add_argument("folder", type=Path, help=f"holds one folder a series: {', '.join(SERIES)}")
    one.add_argument("--detector", default=inference.default_detector())
    words = "cpu or cuda; default: CUDA where there is one"
    one.add_argument("--device", type=arguments.device, help=words)
    one.add_argument("--dicom", type=Path, help="also write SEG and SR into this folder")
    one.add_argument("--kinds", action="store_true", help="also what kind of lesion each may be")
    one.set_defaults(run=_detect)

    one = commands.add_parser("vendor", help="read SEG and SR of another AI: a line of JSON a file")
    one.add_argument("files", type=Path, nargs="+")
    one.add_argument("--limited", action="store_true", help="with limits of memory and CPU time")
    one.set_defaults(run=_vendor)

    one = commands.add_parser("known", help="make the table and pictures of known lesions")
    one.add_argument("--detector", default=inference.default_detector())
    one.add_argument("--cache", type=Path, default=CACHE)
    one.add_argument("--cases", type=arguments.count, default=VALIDATION_CASES)
    one.set_defaults(run=_known)

    _training(commands)
    return parser


def _training(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that make and measure detectors."""
    train.add(commands)

    one = commands.add_parser("families", help="list the families of detectors, as JSON")
    one.set_defaults(run=_families)

    one = commands.add_parser("classify", help="measure heads that tell what kind a lesion is")
    one.add_argument("--question", help="default: each")
    one.add_argument("--head", help="default: each")
    words = "synthetic lesions to learn from"
    one.add_argument("--training", type=arguments.count, default=300, help=words)
    one.add_argument("--test", type=arguments.count, default=300)
    one.add_argument("--ship", action="store_true", help="make and measure the shipped head")
    words = "with --ship: phantoms to learn from"
    one.add_argument("--heads", type=arguments.count, default=40, help=words)
    one.add_argument("--test-heads", type=arguments.count, default=20)
    one.add_argument("--cache", type=Path, default=CACHE)
    one.set_defaults(run=_classify)

    _measuring(commands)


def _measuring(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that give a trained detector its operating point and its figures."""
    one = commands.add_parser("calibrate", help="pack weights, set their operating point")
    one.add_argument("checkpoint", type=Path)
    one.add_argument("--cache", type=Path, default=CACHE)
    one.add_argument("--cases", type=arguments.count, default=VALIDATION_CASES)
    one.add_argument("--family", default=DEFAULT_FAMILY)
    one.add_argument("--version", type=arguments.version, default="1", help="of the card")
    one.add_argument("--folder", type=Path, help="for card and weights; default: the package's")
    words = "series without which it refuses; default: its reference alone"
    one.add_argument("--needs", nargs="+", choices=ROLES, default=[], help=words)
    one.set_defaults(run=_calibrate)

    words = "a new version of a detector with its network in 8-bit integers too, for CPUs"
    one = commands.add_parser("quantise", help=words)
    one.add_argument("--detector", default=inference.default_detector())
    one.add_argument("--version", type=arguments.version, required=True, help="of the new card")
    one.add_argument("--cache", type=Path, default=CACHE)
    one.add_argument("--first", type=int, help="seed of the first training phantom (1000)")
    one.add_argument("--cases", type=arguments.count, default=4)
    one.set_defaults(run=_quantise)

    one = commands.add_parser("evaluate", help="measure a detector on held-out phantoms")
    one.add_argument("--detector", default=inference.default_detector())
    one.add_argument("--cache", type=Path, default=CACHE)
    one.add_argument("--cases", type=arguments.count, default=TEST_CASES)
    one.add_argument("--out", type=Path, default=Path("benchmarks/detectors"))
    one.add_argument("--shift", default="none", help="phantoms unlike the training's, by name")
    words = "between centroids, mm, in the counting by distance beside that by overlap"
    one.add_argument("--radius-mm", type=arguments.positive, default=RADIUS_MM, help=words)
    words = "by distance, a candidate may find several lesions"
    one.add_argument("--not-one-to-one", action="store_true", help=words)
    one.set_defaults(run=_evaluate)


def _classify(options: argparse.Namespace) -> None:
    """A line of JSON as soon as a head is measured."""
    if options.ship:
        _ship_head(options)
        return
    from inference.classify import QUESTIONS
    from inference.classify.heads import HEADS
    from inference.classify.measure import measured

    for question in _some_of(QUESTIONS, options.question):
        for head in _some_of(HEADS, options.head):
            found = measured(question, head, training=options.training, test=options.test)
            print(json.dumps(found), flush=True)


def _some_of(known: Iterable[str], wanted: str | None) -> list[str]:
    """All, or the one that is wanted."""
    names = list(known)
    if wanted is not None and wanted not in names:
        raise ValueError(f"there is no {wanted!r} but {', '.join(names)}")
    return names if wanted is None else [wanted]


def _ship_head(options: argparse.Namespace) -> None:
    """Lesions alone and in whole heads, the latter kept in the cache: this resumes."""
    from inference.classify import ship, teaching

    options.cache.mkdir(parents=True, exist_ok=True)

    def seen(heads: range, n_heads: int, alone: range, n_alone: int) -> list[teaching.Row]:
        make = partial(teaching.make, folder=options.cache, detector=inference.default_detector())
        paths = [make(seed) for seed in tqdm(heads[:n_heads], unit="phantom")]
        single = map(teaching.alone, tqdm(alone[:n_alone], unit="lesion"))
        return [*teaching.rows(paths), *single]

    unseen = seen(teaching.TEST_SEEDS, options.test_heads, teaching.ALONE_TEST_SEEDS, options.test)
    learnt = seen(teaching.TEACHING_SEEDS, options.heads, teaching.ALONE_SEEDS, options.training)
    print(ship.ship(learnt, unseen))


def _phantom(options: argparse.Namespace) -> None:
    from inference import phantom
    from inference.phantom.shifts import shift_of

    seeds = range(options.seed, options.seed + options.count)
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in tqdm(seeds, unit="case", disable=options.count == 1):
        folder = options.folder / f"phantom-{seed}" if options.count > 1 else options.folder
        case = phantom.make_case(
            seed,
            n_lesions=options.lesions,
            sizes=phantom.Sizes(smallest_mm=options.smallest_mm),
            with_ct=options.ct,
            dry=options.dry,
            besides=phantom.Besides(options.leptomeningeal, options.at_vessels),
            shift=shift_of(options.shift),
        )
        phantom.write_dicom(case, folder, patient_id=f"SYNTHETIC-{seed}", study_date="20260101")
        rows = [
            {
                "id": each.id,
                "kind": each.kind,
                "centroid_mm": each.centroid_mm,
                "diameter_mm": each.diameter_mm,
                "volume_mm3": each.volume_mm3,
            }
            for each in case.lesions
        ]
        truth = {"seed": seed, "version": phantom.VERSION, "synthetic": True, "lesions": rows}
        (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def _detect(options: argparse.Namespace) -> None:
    series = series_in(options.folder)
    if options.dicom:
        options.dicom.mkdir(parents=True, exist_ok=True)
    detector = inference.load_detector(options.detector, options.device)
    examination = _read(series)
    lesions, used = detect(detector, examination)
    if used and used.found:
        words = f"{used.found} lesions found, which no head has: the {len(lesions)} most probable"
        print(f"inference: {words}", file=sys.stderr)
    if options.kinds:
        from inference.classify import classified
        from inference.preprocess import prepare

        ready = prepare(examination)
        lesions = [classified(each, ready) for each in lesions]
    print(json.dumps([each.to_json() for each in lesions], indent=1, ensure_ascii=False))
    if options.dicom:
        from inference import export
        from inference.sources import read_sources

        algorithm = export.Algorithm(detector.name, detector.version, detector.weights_sha256)
        report_path = options.dicom / "proposals-sr.dcm"
        source = series[grid_role(detector)]
        if not lesions:
            export.absence_report(source, algorithm=algorithm).save_as(report_path)
            return
        read = read_sources(source)
        seg = export.segmentation(lesions, read, algorithm=algorithm)
        report = export.measurement_report(lesions, read, seg, algorithm=algorithm)
        seg.save_as(options.dicom / "proposals-seg.dcm")
        report.save_as(report_path)


def _read(series: Mapping[str, Sequence[Path]]) -> dict[str, Volume]:
    try:
        return read_examination(series)
    except (AttributeError, RuntimeError, TypeError) as wrong:  # of pydicom, which looks no further
        raise UnreadableSeries(f"a file is no slice of a series: {wrong}") from wrong


def _vendor(options: argparse.Namespace) -> None:
    """A line as soon as a file is read: whoever waits knows at which file this process died."""
    if options.limited:
        resource.setrlimit(resource.RLIMIT_AS, (VENDOR_BYTES, VENDOR_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from inference.vendor import UnusableResult
    from inference.vendor.reading import read_file

    for path in options.files:
        if options.limited:
            used = resource.getrusage(resource.RUSAGE_SELF)
            soft = int(used.ru_utime + used.ru_stime) + VENDOR_SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        try:
            line = read_file(path).to_json()
        except UnusableResult as wrong:
            line = {"problem": str(wrong)}
        words = json.dumps(line)
        if len(words) > VENDOR_CHARACTERS:  # whoever reads has memory too
            words = json.dumps({"problem": "it marks more voxels than all lesions of a head"})
        print(words, flush=True)


def _make_all(
    make: Callable[..., Path], seeds: Sequence[int], folder: Path, workers: int
) -> list[Path]:
    """Make cases that are not in the cache, in parallel, with a progress bar."""
    folder.mkdir(parents=True, exist_ok=True)
    job = partial(make, folder=folder)
    with get_context("spawn").Pool(workers) as pool:
        return list(tqdm(pool.imap(job, seeds), total=len(seeds), unit="phantom"))


def _families(_: argparse.Namespace) -> None:
    from inference.detectors import families

    rows = [
        {
            "family": name,
            "after": each.after,
            "parameters": sum(p.numel() for p in families.build(name).parameters()),
            "loss": each.loss,
            "window": each.window,
            "sampling": each.sampling,
        }
        for name, each in families.FAMILIES.items()
    ]
    print(json.dumps(rows, indent=1, ensure_ascii=False))


def _calibrate(options: argparse.Namespace) -> None:
    from inference.detectors import families
    from inference.training import cases, ship

    options.checkpoint.open("rb").close()  # before phantoms are made, which takes long
    seeds = cases.VALIDATION_SEEDS[: options.cases]
    make = partial(cases.make_examination, roles=families.family_of(options.family).inputs)
    folders = _make_all(make, seeds, options.cache, 1)
    folder = options.folder or WEIGHTS
    folder.mkdir(parents=True, exist_ok=True)
    card = ship.ship(
        options.checkpoint, folders, SEGMENTATION_LEVEL,
        family=options.family, version=options.version, folder=folder, needs=options.needs,
    )  # fmt: skip
    print(f"{card}: next `python -m inference evaluate`, which fills in the performance")


def _known(options: argparse.Namespace) -> None:
    from inference import known_table
    from inference.explain import pictures, similar
    from inference.training import cases, known

    seeds = cases.VALIDATION_SEEDS[: options.cases]
    folders = _make_all(cases.make_examination, seeds, options.cache, 1)
    found = list(known.known_lesions(options.detector, folders))
    table = known_table.following()  # explanations rest on those that are there
    similar.write([row for row, _ in found], table)
    pictures.write([picture for _, picture in found], pictures.of_table(table))
    print(f"{table}, {pictures.of_table(table).name}: {len(found)} proposals")


def _quantise(options: argparse.Namespace) -> None:
    from inference.training import cases, quantise

    card = card_of(options.detector)
    value = f"{card.name}@{options.version}"
    if value in inference.detector_names():
        raise ValueError(f"there is a {value} already: give another version")
    seeds = train.training_seeds(options.first, options.cases)

    def folders() -> Iterator[Path]:
        for seed in tqdm(seeds, unit="phantom"):
            yield cases.make(seed, options.cache)

    path = quantise.quantise(card, options.version, folders())
    print(f"{path}: next `python -m inference evaluate --detector {value}`")


def _evaluate(options: argparse.Namespace) -> None:
    from inference.detectors import families
    from inference.training import cases, ship

    rule = DistanceRule(options.radius_mm, not options.not_one_to_one)
    seeds = cases.TEST_SEEDS[: options.cases]
    known = families.FAMILIES.get(card_of(options.detector).family)
    roles = known.inputs if known else ROLES
    make = partial(cases.make_examination, shift=options.shift, roles=roles)
    folders = _make_all(make, seeds, options.cache, 1)
    summary = ship.measure(options.detector, folders, options.out, options.shift, rule)
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    sys.exit(main())
