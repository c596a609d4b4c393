"""The families' page and the runs behind it: measured and reported apart; nothing is done twice."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.detectors import families as bench
from benchmarks.detectors import family_inputs, family_table, points, uncertainty
from inference import distances, metrics, phantom
from inference.agreement import Agreement
from inference.brats import BratsScore
from inference.detectors import families
from inference.doubt import Doubted
from inference.metrics import CaseScore
from inference.phantom import VERSION
from inference.preprocess import ROLES, SERIES, resample_labels
from inference.training import cases, evaluate, fit, records
from inference.training.records import Timed
from inference.volume import Volume

pytestmark = pytest.mark.usefixtures("one_thread")
BUDGET = f"30s-6-3-v{VERSION}"
POINT = {"segmentation": 0.4, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
INTERVAL = re.compile(r" \(-?[\d.]+ to -?[\d.]+\)")
PAPERS = {"cropnet": "sensitivity 0.90 (Dikici)"}


def training(family: str) -> dict[str, Any]:
    of = {"seconds": 30, "training": 6, "validation": 3, "test": 6, "shifted": 2, "limit": 4}
    return {
        "kind": "training", "family": family, "budget": BUDGET, "of": of, "steps": 117,
        "parameters": 1_500_000, "lift": 0.0, "operating_point": POINT, "threshold": 0.0,
        "network": "0a1b", "validation_cases": 3, "validation_false_positives": 1.0,
    }  # fmt: skip


def case(family: str, seed: int, hits: list[float], phantoms: str = "none") -> dict[str, Any]:
    """A case with a lesion of 2 and one of 7 mm, one false positive and one below threshold."""
    score = CaseScore(np.array([2.0, 7.0]), np.array(hits), np.array([0.5, 0.8]),
                      np.array([1.0, -3.0]))  # fmt: skip
    outlines = tuple(None if np.isinf(h) else Agreement(0.8, 1.5, 0.9, -0.2) for h in hits)
    timed = Timed(seed, score, 9.5, 3.25, outlines, BratsScore((0.5, 0.8), (2.0, 1.0), 1))
    row = records.row_of(timed)
    about = {"kind": "case", "family": family, "budget": BUDGET, "phantoms": phantoms}
    about["network"] = "0a1b"
    return {**about, "peak_mib": 700 + seed, **row}


def columns(text: str, start: str) -> dict[str, str]:
    """The cells of the row that starts so, by the heads of its table."""
    lines = text.splitlines()
    heads = next(line for line in lines if line.startswith("| family | after"))
    (row,) = [line for line in lines if line.startswith(start)]
    pair = ([each.strip() for each in line.split("|")[1:-1]] for line in (heads, row))
    return dict(zip(*pair, strict=True))


def test_every_figure_of_a_family_stands_in_its_column() -> None:
    rows = [training("cropnet"), *(case("cropnet", n, [2.0, 3.0]) for n in range(3))]
    rows += [case("cropnet", 0, [-np.inf, 3.0], "half-dose")]
    rows[0]["validation_false_positives"] = 0.667
    text = family_table.page(rows, PAPERS)
    assert "## 30 CPU seconds, 6 training and 3 validation phantoms each" in text
    found = columns(text, "| cropnet | Dikici | in distribution")
    assert found["cases, lesions"] == "3, 6"
    assert found["sensitivity"] == found["< 3 mm"] == "1.00 (1.00 to 1.00)"
    assert found["> 10 mm"] == "\N{EN DASH}"  # there is none of that size
    assert found["FP a scan"] == "1.00 (1.00 to 1.00)"
    assert found["PPV"] == "0.67 (0.67 to 0.67)"
    assert found["lesion-wise Dice"] == "0.43 (0.43 to 0.43)"  # of 0.5, 0.8 and a false one
    assert found["HD95, mm"] == "1.50 (1.50 to 1.50)"
    assert found["surface Dice, 1 mm"] == "0.90 (0.90 to 0.90)"
    assert found["volume error"] == "0.20 (0.20 to 0.20)"
    assert 0 < float(found["calibration error"]) < 1
    assert found["FP a scan, validation (cases)"] == "0.67 (3)"
    assert (found["parameters"], found["steps"]) == ("1.50 M", "117")
    assert found["network, CPU s a case"] == "3.2"
    assert found["files to candidates, CPU s"] == "9.5"
    assert found["peak MiB"] == "702"
    shifted = columns(text, "| cropnet | Dikici | half the contrast dose")
    assert shifted["sensitivity"] == "0.50"  # of one case: no interval
    assert shifted["< 3 mm"] == "0.00"


def test_measured_figures_and_those_of_papers_stand_apart_and_the_best_comes_first() -> None:
    rows = [training("nlmet"), *(case("nlmet", n, [-np.inf, 3.0]) for n in range(2))]
    rows += [training("cropnet"), *(case("cropnet", n, [2.0, 3.0]) for n in range(2))]
    text = family_table.page(rows, PAPERS)
    assert text.index("| cropnet | Dikici") < text.index("| nlmet | Liew")
    found = columns(text, "| cropnet | Dikici")
    paper = found.pop("its paper, on patients (not comparable)")
    assert paper == PAPERS["cropnet"]
    assert not any("Dikici)" in each for each in found.values())
    (rest,) = [line for line in text.splitlines() if line.startswith("Not measured")]
    named = {each.strip(" .") for each in rest.partition(":")[2].split(",")}
    assert named == set(families.FAMILIES) - {"nlmet", "cropnet"}


def test_without_runs_the_page_says_so() -> None:
    assert "No family has been measured yet." in family_table.page([], PAPERS)


def test_the_page_in_the_documentation_is_what_its_runs_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of it but the intervals of every row: they take a minute when all families are there."""
    monkeypatch.setattr(metrics, "interval", lambda *_, **__: (0.0, 0.0))
    made = family_table.page(family_table.read(family_table.RUNS))
    page = family_table.PAGE.read_text()
    assert without_intervals(page) == without_intervals(made)
    assert INTERVAL.search(page)
    (count,) = re.findall(r"^\*\*(.* families, .*)\.\*\* ", page, re.MULTILINE)
    assert count in (family_table.PAGE.parent / "detector-card.md").read_text()


def without_intervals(page: str) -> str:
    return INTERVAL.sub("", page)


def test_the_page_says_first_how_many_families_are_measured() -> None:
    rows = [training("cropnet"), case("cropnet", 0, [2.0, 3.0])]
    rows += [training("nlmet"), case("nlmet", 0, [2.0, 3.0]), training("unet-2d")]
    count = (
        f"**2 of {len(families.FAMILIES)} families, none under shifts.** At most 6 test phantoms"
    )
    text = family_table.page(rows, PAPERS)
    assert text.index(count) < text.index("| family | after")
    dear = rows[2] | {"of": rows[2]["of"] | {"limit": 9}}
    rows = [*rows[:2], dear, *rows[3:], case("nlmet", 0, [2.0, 3.0], "low-field")]
    text = family_table.page(rows, PAPERS)
    assert "the limit is 4 CPU seconds a phantom, 9 of nlmet." in text
    assert "families, 1 under shifts.**" in text


def test_a_line_that_a_killed_process_left_unfinished_is_done_again(tmp_path: Path) -> None:
    runs = tmp_path / "runs.jsonl"
    records.append(training("cropnet"), runs)
    with runs.open("a") as out:
        out.write('{"kind": "case", "fam')
    assert [row["kind"] for row in family_table.read(runs)] == ["training"]
    again = [case("cropnet", seed, [2.0, 3.0]) for seed in (1, 2)]
    for row in again:
        records.append(row, runs)
    assert family_table.read(runs) == [training("cropnet"), *again]
    assert len(runs.read_text().splitlines()) == 4
    assert family_table.read(tmp_path / "none") == []


def test_raw_scores_and_uncertainties_go_on_after_an_unfinished_line(tmp_path: Path) -> None:
    raw, doubts = tmp_path / "raw.jsonl", tmp_path / "doubts.jsonl"
    for path in (raw, doubts):
        path.write_text('{"seed": 1, "sec')
    assert not records.read(raw)
    assert not uncertainty.read(doubts)
    for seed in (1, 2):
        records.add(records.from_row(case("cropnet", seed, [2.0, 3.0])), raw)
        records.append(Doubted.of(seed, [(0.5, 0.1, False)]).to_json(), doubts)
    assert [each.seed for each in records.read(raw)] == [1, 2]
    assert [each.seed for each in uncertainty.read(doubts)] == [1, 2]


@pytest.fixture
def short(
    monkeypatch: pytest.MonkeyPatch,
    case: phantom.PhantomCase,
    around_the_largest: dict[str, Volume],
    tmp_path: Path,
) -> bench.Places:
    """A bench in this process, on one piece of a head under several seeds."""
    grid = around_the_largest["t1c"]
    z, y, x = grid.voxels.shape
    labels = resample_labels(case.labels, case.series["t1c"].affine, grid.affine, (z, y, x))
    rows = [
        {"id": each.id, "diameter_mm": each.diameter_mm, "centroid_mm": each.centroid_mm}
        for each in case.lesions
        if (labels == each.id).any()
    ]
    series: dict[str, list[Path]] = {role: [] for role in SERIES}

    def load(seed: int) -> cases.Examination:
        return cases.Examination(seed, series, labels, rows)

    monkeypatch.setattr(phantom, "make_case", lambda seed, **_: replace(case, seed=seed))
    monkeypatch.setattr(cases, "make_examination", lambda seed, *_: seed)
    monkeypatch.setattr(cases, "load_examination", load)
    monkeypatch.setattr(evaluate, "read_examination", lambda _: around_the_largest)
    monkeypatch.setattr(bench.each_family, "apart", lambda job: job())
    return bench.Places(tmp_path / "cache", tmp_path / "work", tmp_path / "runs.jsonl")


def test_a_bench_that_was_stopped_goes_on_and_repeats_nothing(
    short: bench.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = bench.Budget(0.5, 1, 1, 1, 0, 100)
    seen: list[int] = []
    prepared: list[int] = []
    give, answer = evaluate.give, evaluate.answer

    def given(examination: cases.Examination, *rest: Any) -> evaluate.Given:
        prepared.append(examination.seed)
        assert set(examination.series) == {"t1c", "t1", "t2", "flair"}  # no CT for these
        return give(examination, *rest)

    def answered(detector: Any, one: evaluate.Given, clock: evaluate.Clock) -> evaluate.Seen:
        seen.append(one.examination.seed)
        return answer(detector, one, clock)

    monkeypatch.setattr(evaluate, "give", given)
    monkeypatch.setattr(evaluate, "answer", answered)
    assert not bench.run_all(["space-to-depth"], budget, short)
    validation, test = cases.VALIDATION_SEEDS[0], cases.TEST_SEEDS[0]
    assert seen == [validation, test]
    bench.run_all(["space-to-depth"], budget, short)
    assert seen == [validation, test]
    more = replace(budget, test=2)
    bench.run_all(["space-to-depth"], more, short)
    assert seen == [validation, test, test + 1]
    kept = family_inputs.given(test, "none", ROLES, short.cache, short.work)
    assert kept.examination.seed == test
    assert kept.seconds > 0
    assert prepared == [validation, test, test + 1]  # once for all families of these series
    trained, *measured = family_table.read(short.runs)
    assert trained["kind"] == "training"
    assert trained["cpu_seconds"] >= 0.5
    assert trained["steps"] > 0
    assert trained["lift"] in bench.LIFTS
    assert [row["seed"] for row in measured] == [test, test + 1]
    assert all(
        row["peak_mib"] > 100 and row["seconds"] > row["network_seconds"] > 0 for row in measured
    )
    assert len(measured[0]["false_scores"]) <= bench.MOST
    text = family_table.page(family_table.read(short.runs), PAPERS)
    assert columns(text, "| space-to-depth")["cases, lesions"].startswith("2, ")


def test_a_family_without_its_checkpoint_is_named_and_the_others_go_on(
    short: bench.Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    budget = bench.Budget(30, 0, 3, 1, 1, 100)
    records.append(training("cropnet") | {"budget": budget.name}, short.runs)
    done: list[str] = []
    measure = bench.measure

    def measured(family: str, *rest: Any) -> None:
        if family == "cropnet":
            measure(family, *rest)
        done.append(family)

    monkeypatch.setattr(bench, "train", lambda *_: None)
    monkeypatch.setattr(bench, "measure", measured)
    assert bench.run_all(["cropnet", "unet-3d"], budget, short) == ["cropnet"]
    assert done == ["unet-3d"]
    words = r"cropnet: .*cropnet-30s-0\.pt is not here.*: bring it, or take its lines out"
    assert len(re.findall(words, capsys.readouterr().err)) == 1
    argv = ["families", "cropnet", "--seconds", "30", "--training", "0", "--validation", "3"]
    argv += ["--test", "1", "--shifted", "0"]
    argv += ["--runs", str(short.runs), "--work", str(short.work), "--cache", str(short.cache)]
    monkeypatch.setattr("sys.argv", argv)
    with pytest.raises(SystemExit, match="could not go on, as said above: cropnet"):
        bench.main()


def test_validation_phantoms_are_counted_as_the_test_phantoms_are(short: bench.Places) -> None:
    """One head under both seeds: the same false positives at the operating point."""
    bench.run_all(["unet-3d"], bench.Budget(0.5, 1, 1, 1, 0, 100), short)
    about, measured = family_table.read(short.runs)
    false = sum(score >= about["threshold"] for score in measured["false_scores"])
    assert about["validation_false_positives"] == false <= 1


def test_a_network_is_not_measured_with_the_operating_point_of_another_training(
    short: bench.Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two trainings of a family differ: points are of one network."""
    budget = bench.Budget(30, 6, 3, 1, 0, 100)
    network = families.build("slice-alexnet")
    ended = fit.Fit(network, fit.Recipe(cpu_seconds=30), "cpu")
    ended.seconds = 31
    short.work.mkdir(parents=True)
    ended.save(bench.checkpoint_of("slice-alexnet", budget, short))
    about = training("slice-alexnet") | {"network": bench.identity(ended.average)}
    monkeypatch.setattr(bench.each_family, "make_phantoms", lambda *_: None)
    monkeypatch.setattr(bench, "_measured", lambda *_: {"seed": 30_000, "seconds": 1.0})
    records.append(about | {"network": "another"}, short.runs)
    assert bench.run_all(["slice-alexnet"], budget, short) == ["slice-alexnet"]
    assert "is of another training" in capsys.readouterr().err
    assert len(family_table.read(short.runs)) == 1
    records.save([], short.runs)
    records.append(about, short.runs)
    assert not bench.run_all(["slice-alexnet"], budget, short)
    _, measured = family_table.read(short.runs)
    assert measured["network"] == about["network"]
    other = case("slice-alexnet", 30_000, [2.0, 3.0])
    with pytest.raises(ValueError, match="slice-alexnet: its cases are of another network"):
        family_table.page([about, other], PAPERS)


def test_a_dear_family_is_measured_on_fewer_phantoms_two_at_least(
    short: bench.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 9 s a case and a limit of 4: of five three, under each shift one; most lesions first."""

    def measured(_: Any, seed: int, *_more: Any) -> dict[str, Any]:
        return {"seed": seed, "seconds": 9.0}

    monkeypatch.setattr(bench, "_measured", measured)
    monkeypatch.setattr(bench, "the_same", lambda *_: families.build("cropnet"))
    budget = bench.Budget(30, 6, 3, 5, 2, 4)
    for limit, expected in ((4, 3), (2, 2)):
        runs = replace(short, runs=short.runs.with_stem(f"{limit}"))
        records.append(training("cropnet"), runs.runs)
        bench.measure("cropnet", replace(budget, limit=limit), runs)
        bench.measure("cropnet", replace(budget, limit=limit), runs)
        _, *rows = family_table.read(runs.runs)
        found = [(row["phantoms"], row["seed"]) for row in rows]
        several = [("none", seed) for seed in (30_002, 30_004, 30_001)]
        assert found == several[:expected] + [(shift, 30_002) for shift in bench.SHIFTS]
    records.append(training("ct-mask-rcnn-crf"), short.runs)
    bench.measure("ct-mask-rcnn-crf", budget, short)
    phantoms = {r["phantoms"] for r in family_table.read(short.runs) if r["kind"] == "case"}
    assert phantoms == {"none"}  # shifts are of MR


def test_a_candidate_that_fills_the_head_does_not_choose_the_operating_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lifted by 3, one blob overlaps every lesion, its middle near none; by 1.5 one is found."""

    def count(_: Any, seen: evaluate.Seen, *_more: Any, **_options: Any) -> Timed:
        lift = float(seen.passes.max())
        hits = {0.0: [-np.inf, -np.inf], 1.5: [2.0, -np.inf], 3.0: [4.0, 5.0]}[lift]
        near, far = (10.0, 0.0, 0.0), (90.0, 0.0, 0.0)
        marks = {0.0: [], 1.5: [near], 3.0: [far]}[lift]
        score = CaseScore(np.array([4.0, 6.0]), np.array(hits), np.zeros(2), np.array([-1.0]))
        places = distances.places_of([2.0] * len(marks), marks, [near, (40.0, 0.0, 0.0)])
        return Timed(1, score, 1.0, places=places)

    monkeypatch.setattr(evaluate, "count", count)

    void: Any = np.zeros(1, np.float32)
    examination = cases.Examination(1, {}, np.zeros((2, 2, 2), np.uint8), [])
    seen = [evaluate.Seen(examination, void, void, void, void, 1.0, 1.0)]
    monkeypatch.setattr(bench, "LIFTS", (0.0, 1.5, 3.0))
    chosen = bench.operating_point(None, seen)
    assert chosen["lift"] == 1.5
    assert chosen["operating_point"]["segmentation"] == bench.SEGMENTATION
    assert 0 <= chosen["operating_point"]["probability"] < 1
    assert chosen["validation_false_positives"] == 1
    assert chosen["threshold"] == bench.LOWEST  # one false candidate, and one is allowed


def test_a_point_that_few_phantoms_choose_may_let_many_more_through_on_the_test_phantoms() -> None:
    """Of the table's network, from raw scores: by any four of eight, and by the first three."""
    rows = family_table.read(family_table.RUNS)
    (about,) = (r for r in rows if (r["kind"], r["family"]) == ("training", "unet-3d"))
    validation, test = points.scores(about, family_table.HERE / "points-unet-3d.jsonl")
    assert [len(validation), len(test)] == [8, 5]
    assert metrics.threshold_at(validation[:4], 1) == pytest.approx(about["threshold"], abs=1e-4)
    first_three = metrics.threshold_at(validation[:3], 1)
    assert metrics.false_positives_per_case(validation[:3], first_three) <= 1
    on_test = round(metrics.false_positives_per_case(test, first_three), 1)
    found = points.spread(validation, test)
    low, middle, high = found[3]
    words = (family_table.HERE / "README.md").read_text()
    assert f"{on_test:.1f} a scan on the test phantoms" in words
    assert f"three {low:.1f} to {high:.1f} ({middle:.1f})" in words
    assert f"{found[4][0]:.1f} to {found[4][2]:.1f} false positives a scan" in family_table.WORDS
    assert found[8][0] == found[8][2] < 2
