"""Lists that grow with a study come by pages, and keep what was asked for from page to page."""

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.audit import views as audit
from readerstudy.desk.views import running as desk
from tests.cast import People
from tests.integration.reads.conftest import running, sit

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def follow(client: Client, page: str, link: str) -> str:
    """The page behind a link of a page."""
    found = re.search(rf'href="([^"]*)">{link}</a>', page)
    assert found is not None, f"there is no link {link}"
    return client.get(html.unescape(found[1])).content.decode()


def test_c4_the_list_of_reads_comes_by_pages_of_the_reader_that_was_asked_for(
    people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PER_PAGE", 1)
    study = running(people)
    for user in (people.rae, people.gus):
        tab = sit(user, study)
        tab.open()
        tab.read_and_sign()
        tab.open()
    codes = {each.user.username: each.code for each in study.readers.select_related("user")}
    client = sign_in(people.cora)
    address = f"/studies/{study.pk}/reads/"
    first = client.get(address, {"reader": codes["gus"]}).content.decode()
    assert "Page 1 of 2, 2 reads" in first
    last = client.get(address, {"reader": codes["gus"], "page": "2"}).content.decode()
    assert "Page 2 of 2, 2 reads" in last
    assert f'reader={codes["gus"]}&amp;page=2">After</a>' in first
    for page in (first, last):
        assert page.count(f'<td class="fw-semibold">{codes["gus"]}</td>') == 1
        assert f'<td class="fw-semibold">{codes["rae"]}</td>' not in page


def test_a1_the_trail_keeps_who_and_what_was_asked_for_from_page_to_page(
    people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PER_PAGE", 2)
    study = running(people)
    client = sign_in(people.ada)
    asked = {"chain": str(study.pk), "actor": "cora", "words": "studies."}
    first = client.get("/audit/", asked).content.decode()
    found = re.search(r'href="([^"]*)">Older</a>', first)
    assert found is not None
    for name, value in asked.items():
        assert f"{name}={value}" in html.unescape(found[1])
