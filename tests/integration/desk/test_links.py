"""A page offers nobody a way that is closed to them."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.studies import services
from tests.cast import People
from tests.integration.reads.conftest import running

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="(/studies/[^"#]*)"')


@pytest.mark.parametrize(
    ("who", "role"), [("cora", ""), ("stan", ""), ("tess", "truth_reader"), ("ada", "")]
)
def test_every_link_of_a_studys_page_opens_for_who_sees_it(
    who: str, role: str, people: People, sign_in: Callable[..., Client]
) -> None:
    study = running(people)
    user = getattr(people, who)
    if role:
        services.grant_role(study, user=user, role=role, by=people.cora)
    client = sign_in(user)
    page = client.get(f"/studies/{study.pk}/", follow=True)
    links = set(LINK.findall(page.content.decode()))
    assert len(links) > 5
    refused = {link for link in links if client.get(link, follow=True).status_code != 200}
    assert refused == set()


@pytest.mark.parametrize(
    ("who", "places"),
    [
        ("rae", {"My reading"}),
        ("stan", {"Studies", "My reading", "Planning"}),
        ("cora", {"Studies", "My reading", "Planning", "Detectors"}),
        ("ada", {"Studies", "My reading", "Planning", "Detectors", "Audit"}),
    ],
)
def test_the_bar_leads_everybody_to_their_work_only(
    who: str, places: set[str], people: People, sign_in: Callable[..., Client]
) -> None:
    running(people)
    page = sign_in(getattr(people, who)).get("/", follow=True).content.decode()
    bar = page.split('<nav class="places"')[1].split("</nav>")[0]
    assert set(re.findall(r">([^<>]+)</a>", bar)) == places
