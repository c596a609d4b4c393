"""What a result hands out: JSON with its fixed layout, tables, a paragraph, a figure, a page."""

import dataclasses
import json
from pathlib import Path

import pytest

import analysis
from analysis.figures import svg
from analysis.io.page import page
from analysis.results import to_json_text
from tests.unit.analysis_mrmc.peers import vandyke

LAYOUT = {
    "foms": {"reader", "modality", "estimate"},
    "modalities": {"modality", "estimate", "std_error", "df", "ci_low", "ci_high"},
    "differences": {
        "modality_a",
        "modality_b",
        "estimate",
        "std_error",
        "df",
        "statistic",
        "p_value",
        "ci_low",
        "ci_high",
    },
}
PLAIN = {"design", "method", "covariance", "random", "n_readers", "n_cases", "warnings", "version"}


@pytest.mark.parametrize("method", ["or", "dbm", "ustat"])
def test_json_has_the_fixed_layout(method: str) -> None:
    tree = analysis.mrmc(vandyke(), method=method).to_json()
    for name, columns in LAYOUT.items():
        for row in tree[name]:
            assert columns <= set(row)
    assert set(tree["test"]) == {"statistic", "df1", "df2", "p_value"}
    assert set(tree) >= PLAIN
    assert (tree["method"], tree["n_readers"], tree["n_cases"]) == (method, 5, 114)
    assert tree["version"] == analysis.__version__


def test_or_components_have_the_fixed_names() -> None:
    found = analysis.mrmc(vandyke()).to_json()["components"]
    assert list(found) == ["var_r", "var_tr", "cov1", "cov2", "cov3", "var_error"]


def test_numbers_survive_json_to_the_last_bit() -> None:
    found = analysis.mrmc(vandyke())
    tree = json.loads(to_json_text(found.to_json()))
    assert tree["test"]["p_value"] == found.test.p_value
    assert tree["foms"][3]["estimate"] == found.foms[3].estimate


def test_the_same_data_give_the_same_bytes() -> None:
    texts = {to_json_text(analysis.mrmc(vandyke()).to_json()) for _ in range(2)}
    assert len(texts) == 1


def test_results_are_frozen() -> None:
    found = analysis.mrmc(vandyke())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.alpha = 0.1  # that is the point


def test_statement_reads_like_a_results_section() -> None:
    words = analysis.mrmc(vandyke()).statement()
    assert words == (
        "Over 5 readers and 114 cases the mean AUC was 0.897 with 1 (95 % CI 0.825 to 0.969) and "
        "0.941 with 2 (95 % CI 0.894 to 0.988). The modalities did not differ significantly: "
        "1 minus 2 was -0.044 (95 % CI -0.088 to 0.000; p = 0.052). Analysed by the "
        "Obuchowski-Rockette method with jackknife covariances, readers and cases random; design "
        "crossed."
    )


def test_statement_says_when_modalities_differ() -> None:
    assert "The modalities differed" in analysis.mrmc(vandyke(), random="cases").statement()


def test_statement_tells_the_warnings() -> None:
    found = analysis.mrmc(vandyke().drop(index=[5]))
    assert f"Note: {found.warnings[0]}" in found.statement()


@pytest.mark.parametrize(
    ("view", "rows"), [("differences", 1), ("modalities", 2), ("foms", 10), ("readers", 5)]
)
def test_frames(view: str, rows: int) -> None:
    frame = analysis.mrmc(vandyke(), random="cases").frame(view)
    assert len(frame) == rows


def test_figure_shows_every_reader_and_the_same_bytes() -> None:
    found = analysis.mrmc(vandyke(), margin=0.05)
    figure = found.plot()
    readers, forest = figure.axes
    assert readers.get_ylabel() == "AUC"
    lines = [line for line in readers.get_lines() if line.get_marker() == "."]
    assert [line.get_ydata()[0] for line in lines] == [each.estimate for each in found.foms[:5]]
    assert forest.get_xlabel() == "Difference in AUC (95 % CI)"
    assert svg(found.plot()) == svg(found.plot())


def test_page_stands_alone(tmp_path: Path) -> None:
    found = analysis.mrmc(vandyke())
    text = page(found)
    assert "<svg" in text
    assert "http://www.w3.org" in text  # the SVG namespace, and nothing else from outside
    assert "src=" not in text
    assert found.statement().split(".", maxsplit=1)[0] in text


def test_alpha_sets_the_level_of_intervals() -> None:
    wide, narrow = (analysis.mrmc(vandyke(), alpha=alpha) for alpha in (0.01, 0.2))
    assert wide.differences[0].ci_low < narrow.differences[0].ci_low
    assert wide.differences[0].p_value == narrow.differences[0].p_value
    assert "(99 % CI" in wide.statement()


def test_unclipped_intervals_are_rjafrocs() -> None:
    from analysis.multireader.study import Options

    fom = "spec_at_sens:sens=0.8"
    clipped = analysis.mrmc(vandyke(), fom=fom).modalities[0]
    whole = analysis.mrmc(vandyke(), fom=fom, options=Options(clip=False)).modalities[0]
    assert clipped.ci_high == 1 < whole.ci_high
    assert clipped.ci_low == whole.ci_low
