"""S12: power and sample size on a page, by the formula that `analysis` has."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import analysis
from analysis.planning.components import from_result
from analysis.planning.published import published
from readerstudy.results import bridge, planning
from readerstudy.web.problems import Invalid
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # formulas and pages, no rows
SignIn = Callable[..., Client]
PILOT = Path(__file__).resolve().parents[2] / "data" / "reference" / "vandyke.csv"


def test_s12_the_page_gives_the_power_that_analysis_computes(
    people: People, sign_in: SignIn
) -> None:
    page = sign_in(people.cora).get("/planning/").content.decode()
    planned = bridge.power(planning.asked({}))
    assert [readers for readers, _, _ in planned.rows] == [6, 8, 10, 12]
    for _readers, powers, enough in planned.rows:
        assert powers == sorted(powers)
        assert [cases for cases, _ in powers] == [60, 100, 150, 200, 300]
        assert all(f">{power:.2f}</span></a></td>" in page for _, power in powers)
        assert enough is None or f">{enough}</td>" in page


def test_s12_a_pilots_variances_go_into_the_address_and_reach_the_published_power(
    people: People, sign_in: SignIn
) -> None:
    """Van Dyke's study: 6 readers and 251 cases have a power of 0.8 for its own difference."""
    client = sign_in(people.cora)
    sent = SimpleUploadedFile("pilot.csv", PILOT.read_bytes())
    answer = client.post("/planning/", {"pilot": sent})
    assert answer.status_code == 302
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.url).query).items()}
    planned = bridge.power(planning.asked({**query, "readers": "6", "cases": "251"}))
    pilot = analysis.mrmc(pd.read_csv(PILOT))
    known = analysis.power(pilot, readers=6, cases=251).rows[0].power
    assert planned.rows[0][1][0][1] == pytest.approx(known, abs=1e-4)
    assert client.get(answer.url).status_code == 200


def test_s12_the_figure_is_drawn_for_what_was_asked(people: People, sign_in: SignIn) -> None:
    answer = sign_in(people.cora).get("/planning/figure.svg?readers=4&cases=50,90")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"4 readers" in answer.content
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("readers=many", "numbers of readers"),
        ("cases=0", "numbers of cases"),
        ("effect=x", "The difference is a number"),
        ("auc=1.5", "The expected AUC lies below 1"),
        ("auc=0.4", "between 0.5 and 1"),
        ("design=round", "design is one of"),
        ("design=parallel&readers=7", "cannot be shared evenly"),
        ("effect=0", "Superiority cannot be shown"),
        ("source=variances", "nothing to plan"),
        ("groups=-1", "no number of groups"),
        ("source=auc&at=many", "written as 8x150"),
        ("source=auc&at=200x5000", "takes too long for a page"),
        ("source=published&published=nobody", "no published parameters"),
        ("source=published&published=federica-wafroc&at=6x80", "only for the AUC"),
        ("source=variances&fom=foo&var_error=0.001", "nknown figure of merit"),
    ],
)
def test_s12_what_cannot_be_planned_is_said_with_the_form_as_it_was_typed(
    query: str, words: str, people: People, sign_in: SignIn
) -> None:
    answer = sign_in(people.cora).get(f"/planning/?{query}")
    assert answer.status_code == 400
    page = answer.content.decode()
    assert words in page
    name, value = query.split("&", maxsplit=1)[0].split("=")
    assert name in {"design", "source"} or f'name="{name}"' in page
    assert name in {"design", "source"} or f'value="{value}"' in page


def test_s12_a_pilot_that_is_no_table_of_reads_is_refused(people: People, sign_in: SignIn) -> None:
    for data in (b"", b"a,b\n1,2\n", b"\xff\xfe\x00"):
        sent = SimpleUploadedFile("pilot.csv", data)
        answer = sign_in(people.cora).post("/planning/", {"pilot": sent})
        assert answer.status_code == 400
    with pytest.raises(Invalid, match="cannot be used"):
        bridge.pilot_variances(b"reader,modality,case,truth,rating\n1,1,1,0,5\n")


def test_planning_is_for_who_is_signed_in(client: Client) -> None:
    assert client.get("/planning/").status_code == 302


def test_s12_published_variances_by_name_with_their_own_figure_of_merit(
    people: People, sign_in: SignIn
) -> None:
    """Federica's wAFROC: the power that `analysis` gives for the same name."""
    query = {"source": "published", "published": "federica-wafroc", "readers": "6", "cases": "150"}
    planned = bridge.power(planning.asked(query))
    known = analysis.power(published("federica-wafroc"), readers=6, cases=150, effect=0.04)
    ((cases, power),) = planned.rows[0][1]
    assert cases == 150
    assert power == pytest.approx(known.rows[0].power)
    assert planned.label == "wAFROC"
    page = sign_in(people.cora).get("/planning/", query).content.decode()
    assert "Zanca" in page
    assert "Power, wAFROC" in page
    assert "at=6x150" not in page  # there is no model of ratings to simulate from


@pytest.mark.parametrize("name", ["van-dyke", "roe-metz-LH"])
def test_s12_a_choice_is_checked_by_simulation_on_the_page(
    name: str, people: People, sign_in: SignIn
) -> None:
    query = {
        "source": "published", "published": name, "readers": "4", "cases": "60", "at": "4x60",
    }  # fmt: skip
    planned = bridge.power(planning.asked(query))
    words = re.search(r"is ([\d.]+) % \(95 % CI ([\d.]+) to ([\d.]+)\)", planned.simulated)
    assert words is not None
    low, high = float(words[2]) / 100, float(words[3]) / 100
    assert low - 0.05 < planned.rows[0][1][0][1] < high + 0.05
    page = sign_in(people.cora).get("/planning/", query).content.decode()
    assert planned.simulated in page


def test_s12_a_pilot_of_marks_gives_variances_of_its_figure_of_merit(
    people: People, sign_in: SignIn
) -> None:
    marks, lesions = (PILOT.parent / f"federica_{name}.csv" for name in ("marks", "truth"))
    client = sign_in(people.cora)
    files = {
        "pilot": SimpleUploadedFile("marks.csv", marks.read_bytes()),
        "lesions": SimpleUploadedFile("lesions.csv", lesions.read_bytes()),
    }
    answer = client.post("/planning/", {"fom": "afroc", **files})
    assert answer.status_code == 302
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.url).query).items()}
    known = from_result(analysis.froc(pd.read_csv(marks), pd.read_csv(lesions), fom="afroc"))
    assert float(query["var_error"]) == pytest.approx(known.var_error, rel=1e-4)
    assert query["fom"] == "afroc"
    alone = {"pilot": SimpleUploadedFile("marks.csv", marks.read_bytes()), "fom": "afroc"}
    refused = client.post("/planning/", alone)
    assert refused.status_code == 400
    assert "choose the table of lesions too" in refused.content.decode()
