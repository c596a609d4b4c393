"""S12: power and sample size on a page, by the formula that `analysis` has."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import analysis
from readerstudy.results import bridge, planning
from readerstudy.web.problems import Invalid
from tests.cast import People

pytestmark = pytest.mark.django_db
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
        assert all(f">{power:.2f}</span></td>" in page for power in powers)
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
    assert planned.rows[0][1][0] == pytest.approx(known, abs=1e-4)
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
