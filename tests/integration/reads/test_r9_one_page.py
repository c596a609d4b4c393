"""R9: the viewer is the same in both arms: one page, one program, one shape of what it is sent."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.reads.models import Read
from readerstudy.studies.models import Study
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.scripted import Tab

pytestmark = pytest.mark.django_db
OF_THE_REQUEST = re.compile(
    r"""(nonce[-=]|name="csrfmiddlewaretoken" value=|X-CSRFToken": )["']?[\w+/=-]+"""
)


@pytest.fixture
def arms(study: Study, sits: Sits) -> dict[str, tuple[User, Tab]]:
    """A reader of each arm with a main case open: whose arm the allocation says."""
    found = {}
    for user in (worlds.control_first(study), worlds.aided_first(study)):
        sits(user).read_and_sign()  # the training case
        tab = sits(user)
        tab.open()
        found[Read.objects.get(pk=tab.read_id).arm.mode] = (user, tab)
    assert found.keys() == {"control", "concurrent"}
    return found


def page(user: User, study: Study) -> Any:
    """The reading room's page, as a browser gets it."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(f"/reading/{study.pk}/")
    assert answer.status_code == 200
    return answer


def told(answer: HttpResponse, user: User) -> str:
    """Its HTML without what every request and every person has of their own."""
    html = OF_THE_REQUEST.sub(r"\1", answer.content.decode())
    for own in (user.get_full_name(), user.username, str(user.pk)):
        html = html.replace(own, "-") if own else html
    return html


def test_r9_the_rooms_page_is_the_same_to_the_byte_in_both_arms(
    study: Study, arms: dict[str, tuple[User, Tab]]
) -> None:
    """The same scripts and styles in the same order, and nothing beside them that tells the arm."""
    control, aided = ((page(user, study), user) for user, _tab in arms.values())
    assert told(*control) == told(*aided)
    assert '<div id="reading-room"' in told(*control)
    heads = [
        {name: OF_THE_REQUEST.sub("", each) for name, each in answer.headers.items()}
        for answer, _user in (control, aided)
    ]
    for each in heads:  # the second in which it was asked
        assert each.pop("Expires")
    assert heads[0] == heads[1]


def shape(value: Any) -> Any:
    """The names of a JSON value's members, all the way down; of a list, all that its items have."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted({repr(shape(each)) for each in value})
    return "…"


def test_r9_what_the_program_is_sent_differs_by_the_ai_and_nothing_else(
    arms: dict[str, tuple[User, Tab]],
) -> None:
    control, aided = (
        tab.call("GET", f"/api/reads/{tab.read_id}?tab={tab.tab}") for _user, tab in arms.values()
    )
    assert aided.pop("ai")["proposals"]
    for packet in (control, aided):
        prior = packet.pop("prior")  # every other case has one
        assert prior is None or prior.keys() == {"days", "series"}
        packet["series"] = [packet["series"][0]]
        packet["series"][0]["geometry"].pop("presets")
    assert shape(control) == shape(aided)
    assert control["questions"] == aided["questions"]
    assert control["hanging"] == aided["hanging"]
