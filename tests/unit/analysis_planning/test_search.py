"""S12: a plan for figures of merit of marks, from the search model by formula and by simulation."""

import json

import pytest

import analysis
from analysis.__main__ import main
from analysis.planning import search
from analysis.planning.by_simulation import froc_power
from analysis.planning.search import of_search, parse, with_effect
from analysis.simulation.search import SearchModel
from analysis.simulation.study import StudyModel
from analysis.tables import DataError


def test_s12_formula_and_simulation_agree_for_marks() -> None:
    model = parse(["mu=1.6", "nu=0.55"])
    parts, level = of_search(model, "wafroc")
    assert 0.6 < level < 0.75
    formula = analysis.power(parts, readers=4, cases=60, effect=0.08).rows[0].power
    better = with_effect(model, 0.08, "wafroc")
    drawn = froc_power(
        StudyModel(search=better), readers=4, healthy=30, diseased=30, trials=80, seed=3
    )
    assert abs(drawn.mean_effect - 0.08) < 0.012
    assert drawn.ci_low - 0.05 < formula < drawn.ci_high + 0.05


@pytest.mark.usefixtures("_small_pilots")
def test_s12_where_finding_changes_nothing_the_gain_is_fewer_false_places() -> None:
    better = with_effect(SearchModel(), 0.1, "fp_per_case")
    assert better.ai_logit_nu == 0
    assert better.ai_log_false < -0.3


@pytest.fixture
def _small_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("PILOTS", 1), ("GAIN_PILOTS", 1), ("READERS", 4), ("CASES", 60)):
        monkeypatch.setattr(search, name, number)


@pytest.mark.usefixtures("_small_pilots")
@pytest.mark.parametrize("design", ["parallel", "split-plot"])
def test_s12_marks_of_other_designs_are_drawn_as_planned(
    design: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    whole = analysis.froc

    def spy(marks, truth, **options):  # type: ignore[no-untyped-def]
        seen.append(options["reads"])
        return whole(marks, truth, **options)

    monkeypatch.setattr("analysis.planning.by_simulation.froc", spy)
    arguments = "--search --fom wafroc --effect 0.05 --readers 4 --cases 40 --simulate 2 --json"
    groups = ["--groups", "2"] if design == "split-plot" else []
    assert main(["power", *arguments.split(), "--design", design, *groups]) == 0
    assert json.loads(capsys.readouterr().out)["simulated"][0]["failed"] == 0
    # Two readers in each arm, or all four in both with half of the cases.
    assert [len(each) for each in seen] == [4 * 40] * 2


@pytest.mark.usefixtures("_small_pilots")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--search mux=2 --fom wafroc --effect 0.05", "it has mu, nu"),
        ("--search mu --fom wafroc --effect 0.05", "give a parameter as mu=2.2"),
        ("--search --effect 0.05", "say --fom wafroc"),
        ("--search --fom wafroc --effect 0.6 --simulate 2", "at most by about"),
    ],
)
def test_s12_what_cannot_be_planned_is_one_line(
    arguments: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["power", *arguments.split(), "--readers", "4", "--cases", "40"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_s12_the_share_must_leave_both_classes() -> None:
    with pytest.raises(DataError, match="both classes"):
        of_search(SearchModel(), "wafroc", diseased=0.999)
