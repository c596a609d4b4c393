"""The worlds of the blinding tests: nothing hidden, something hidden, something else hidden.

In every world the same control-arm reader runs the same script at the same frozen instants with
the same ids; what the server sends, and what it asks the database, must be the same to the byte.
The truth of a training case that was signed is not hidden: feedback told it (R10), and the page of
one's training shows it again. It is the same in every world. That of a test case is hidden.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from django.db import connection
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.reads import selectors
from readerstudy.reads.disclosure import MEANING
from readerstudy.reads.models import ProblemReport, Read, Session, Signature
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Study
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from tests import proposing
from tests.cast import PASSWORD
from tests.lock_order import undone

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
WORDS = "canary-words-91827"
NUMBER = 0.918273645


def canary_id(number: int) -> str:
    """The id of the first proposal of a study's case, in the world where there are any."""
    return f"c0ffee00-dead-4bad-8bad-{number:012d}"


@dataclass
class Traffic:
    """One answer, whole, and the queries it took."""

    request: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    queries: list[str] = field(default_factory=list)


def empty_the_vault(study: Study) -> None:
    """World 0: no proposals, no truth."""
    ProposalHeatMap.objects.all().delete()
    ProposedLesion.objects.all().delete()
    Run.objects.all().delete()
    hidden = ReferenceStandard.objects.exclude(case__in=_told(study))
    TruthLesion.objects.filter(standard__in=hidden).delete()
    hidden.delete()


def _told(study: Study) -> set[UUID]:
    """The training cases whose truth feedback has told the reader of these tests."""
    mine = Read.objects.filter(case__study=study, period=0, reader__user=control_first(study))
    signed = mine.filter(state=Read.State.SUBMITTED).exclude(stage=Read.Stage.UNAIDED)
    return {each.case_id for each in signed if not selectors.is_test(each)}


def fill_the_vault(study: Study) -> None:
    """World 1: proposals stuffed with canaries, and the truth."""
    empty_the_vault(study)
    told = _told(study)
    for number, case in enumerate(study.cases.order_by("code")):
        words = {"short": WORDS, "full": WORDS, "alike": proposing.alike(number % 3, 7)}
        heat = proposing.HEAT_MAP | {"method": WORDS}
        kind = {**proposing.KIND, "short": WORDS, "full": WORDS, "zh-hans": words}
        run = proposing.propose(
            case.examination,
            proposing.found(
                NUMBER, diameter_mm=NUMBER, explanation=words, classification=kind, heat_map=heat
            ),
            proposing.found(0.2),
        )
        _renamed(ProposedLesion.objects.get(run=run, label="A"), canary_id(number))
        if case.prior is not None:  # a detector that ran on it all the same
            proposing.propose(case.prior, proposing.found(NUMBER, explanation=words))
        if case.pk not in told:
            standard = _standard(study, case, "diseased")
            TruthLesion.objects.create(
                standard=standard, number=1, x_mm=NUMBER, y_mm=1, z_mm=0, diameter_mm=9, weight=1
            )


def _renamed(lesion: ProposedLesion, name: str) -> None:
    """Give a proposal another id, and its heat map with it."""
    heat = ProposalHeatMap.objects.get(lesion=lesion)
    heat.delete()
    ProposedLesion.objects.filter(pk=lesion.pk).update(id=name)
    heat.lesion_id = UUID(name)
    heat.save(force_insert=True)


def fill_it_otherwise(study: Study) -> None:
    """World 2: other proposals, some cases without any, and the truth turned round."""
    empty_the_vault(study)
    told = _told(study)
    for number, case in enumerate(study.cases.order_by("code")):
        if number % 2:
            others = [proposing.found(0.5, classification={})] * 7
            proposing.propose(case.examination, *others, head=None)
        if case.pk not in told:
            _standard(study, case, "non_diseased")


def _standard(study: Study, case: Any, status: str) -> ReferenceStandard:
    return ReferenceStandard.objects.create(
        case=case, status=status, source=WORDS, set_by=study.created_by, set_at=START
    )


WORLDS: dict[str, Callable[[Study], None]] = {
    "nothing": empty_the_vault,
    "hidden": fill_the_vault,
    "otherwise": fill_it_otherwise,
}


def control_first(study: Study) -> User:
    """A reader whose first period is in the control arm."""
    rows = Allocation.objects.filter(reader__study=study, arm__mode="control", period=1)
    return User.objects.get(pk=rows.order_by("reader__code")[0].reader.user_id)


def aided_first(study: Study) -> User:
    """A reader whose first period has AI."""
    rows = Allocation.objects.filter(reader__study=study, period=1).exclude(arm__mode="control")
    return User.objects.get(pk=rows.order_by("reader__code")[0].reader.user_id)


@contextmanager
def frozen() -> Iterator[None]:
    """The same instants and the same ids in every world; time goes on at each look."""
    numbers, looks = itertools.count(), itertools.count()

    def same_id() -> UUID:
        return UUID(hashlib.sha256(str(next(numbers)).encode()).hexdigest()[:32], version=4)

    def next_instant() -> datetime:
        return START + timedelta(milliseconds=next(looks))

    with ExitStack() as stack:
        stack.enter_context(mock.patch("django.utils.timezone.now", next_instant))
        stack.enter_context(mock.patch("django.core.signing.time.time", START.timestamp))
        same_text = mock.patch(
            "django.middleware.csrf.get_random_string", lambda length, **_: "x" * length
        )
        stack.enter_context(same_text)
        for model in (Read, Session, ProblemReport, Signature):
            default = {"_get_default": same_id}  # Django keeps a field's default here
            stack.enter_context(mock.patch.dict(model._meta.pk.__dict__, default))
        yield


class Recorder:
    """A browser that keeps every byte it is sent."""

    def __init__(self, user: User) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.traffic: list[Traffic] = []

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send, and keep the answer and its queries."""
        content = "" if body is None else json.dumps(body)
        asked: list[str] = []
        with connection.execute_wrapper(_noting(asked)):
            response = self.client.generic(
                method, path, content, content_type="application/json", headers=headers
            )
        self.traffic.append(
            Traffic(
                f"{method} {path}",
                response.status_code,
                [*response.items(), ("Set-Cookie", response.cookies.output())],
                response.content,
                asked,
            )
        )
        try:
            return json.loads(response.content or b"{}")
        except ValueError:
            return {}


def _noting(asked: list[str]) -> Callable[..., Any]:
    """Keep each query without its values; savepoints are numbered anew in every world."""

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(re.sub(r"SAVEPOINT \S+", "SAVEPOINT", sql))
        return execute(sql, *rest)

    return wrapper


def control_script(
    user: User,
    study: Study,
    hidden_ids: tuple[str, ...],
    *,
    cases: int = 2,
    with_doors: bool = True,
) -> list[Traffic]:
    """All that a control-arm reader can ask: some whole cases, and every wrong door."""
    browser = Recorder(user)
    tab = str(UUID(int=1))
    browser.ask("GET", "/api/worklist")
    display = {"width_px": 1, "height_px": 1, "pixel_ratio": 1, "webgl": True}
    begun = browser.ask("POST", f"/api/studies/{study.pk}/sessions", {"display": display})
    for number in range(cases):
        opening = {"session_id": begun.get("session_id"), "tab": tab}
        packet = browser.ask("POST", f"/api/studies/{study.pk}/reads", opening)
        if "read" not in packet:
            return browser.traffic  # an incident: there is nothing to go on with
        _read(browser, packet, tab, hidden_ids, number)
    if with_doors:
        doors = hidden_ids if cases > 1 else hidden_ids[:1]
        _try_doors(browser, packet["read"]["id"], study, doors)
    return browser.traffic


def _read(
    browser: Recorder, packet: Any, tab: str, hidden_ids: tuple[str, ...], number: int
) -> None:
    read, series = packet["read"]["id"], packet["series"][0]["id"]
    place = {"position_mm": [1, 1, 0], "series": series}
    mark = str(UUID(int=50 + number))
    steps: list[tuple[str, dict[str, Any]]] = [
        ("first_render", {}),
        ("mark_put", {"mark_id": mark, **place}),
        ("mark_rated", {"mark_id": mark, "rating": 61}),
        ("answer_set", {"key": "likelihood", "value": 66}),
        ("answer_set", {"key": "management", "value": "treat"}),
        *(("proposal_viewed", {"proposal": each}) for each in hidden_ids),
        *(("proposal_rejected", {"proposal": each}) for each in hidden_ids),
        *(
            ("proposal_accepted", {"proposal": each, "mark_id": mark, **place})
            for each in hidden_ids
        ),
    ]
    events = [
        {
            "event_id": str(UUID(int=1000 * (number + 1) + seq)),
            "seq": seq,
            "kind": kind,
            "mono_ms": 1000 * seq,
            "wall_ms": 1_790_000_000_000 + 1000 * seq,
            "payload": payload,
        }
        for seq, (kind, payload) in enumerate(steps, start=1)
    ]
    fence = packet["read"]["fence"]
    browser.ask("POST", f"/api/reads/{read}/events", {"tab": tab, "fence": fence, "events": events})
    browser.ask("GET", f"/api/reads/{read}?tab={tab}")
    browser.ask("GET", f"/api/reads/{read}/next-images")
    browser.ask("GET", f"/api/reads/{read}/heat-maps")
    browser.ask("GET", f"/api/reads/{read}/known-lesions")
    browser.ask("POST", f"/api/reads/{read}/problem", {"words": "a slice is missing"})
    images = f"/dicomweb/{packet['token']}/studies"
    browser.ask("GET", images)
    signing = {
        "tab": tab, "fence": fence, "last_seq": len(events), "password": PASSWORD,
        "meaning": MEANING,
    }  # fmt: skip
    key = str(UUID(int=70 + number))
    browser.ask("POST", f"/api/reads/{read}/submit", signing, **{"Idempotency-Key": key})
    browser.ask("GET", images)


def _try_doors(browser: Recorder, read: str, study: Study, hidden_ids: tuple[str, ...]) -> None:
    for each in (*hidden_ids, "not-an-id"):
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
            browser.ask(method, f"/api/reads/{each}?tab={UUID(int=1)}")
            browser.ask(method, f"/api/proposals/{each}")
            browser.ask(method, f"/api/reads/{each}/heat-maps")
            browser.ask(method, f"/api/reads/{each}/known-lesions")
        browser.ask("POST", f"/api/reads/{each}/submit", {})
        browser.ask("GET", f"/reading/{each}/")
    for path in ("/api/worklist?expand=truth", f"/api/reads/{read}/events", "/api/proposals"):
        for method in ("GET", "OPTIONS", "HEAD", "DELETE"):
            browser.ask(method, path)
    browser.ask("GET", f"/api/studies/{study.pk}/reads")


def same(one: list[Traffic], other: list[Traffic]) -> None:
    """Fail at the first answer that differs in status, headers, body or queries."""
    assert [each.request for each in one] == [each.request for each in other]
    for a, b in zip(one, other, strict=True):
        assert a.status == b.status, a.request
        for one_header, other_header in zip(a.headers, b.headers, strict=True):
            assert one_header == other_header, f"{a.request}: {one_header} / {other_header}"
        assert a.body == b.body, a.request
        assert len(a.queries) == len(b.queries), a.request
        for p, q in zip(a.queries, b.queries, strict=True):
            assert p == q, f"{a.request}: {p} / {q}"


def play(
    study: Study,
    user: User,
    world: str,
    hidden_ids: tuple[str, ...],
    *,
    cases: int = 2,
    with_doors: bool = True,
) -> list[Traffic]:
    """The script in one world; the database is then as it was before."""
    with undone():
        WORLDS[world](study)
        with frozen():
            traffic = control_script(user, study, hidden_ids, cases=cases, with_doors=with_doors)
    return traffic


def canaries_in(traffic: list[Traffic]) -> list[str]:
    """The requests whose answers hold a canary that they were not sent themselves."""
    canaries = (b"c0ffee00", WORDS.encode(), str(NUMBER).encode())
    return [
        each.request
        for each in traffic
        if any(canary in each.body + repr(each.headers).encode() for canary in canaries)
    ]


def differ(study: Study, reader: User, hidden: tuple[str, ...]) -> bool:
    """Whether the three worlds' traffic of one case differs, or an answer holds a canary.

    Doors are half of the script's time: they are tried where the case itself tells nothing.
    """
    return any(_differ(study, reader, hidden, with_doors=each) for each in (False, True))


def _differ(study: Study, reader: User, hidden: tuple[str, ...], *, with_doors: bool) -> bool:
    nothing = play(study, reader, "nothing", hidden, cases=1, with_doors=with_doors)
    for world in ("hidden", "otherwise"):
        other = play(study, reader, world, hidden, cases=1, with_doors=with_doors)
        try:
            same(nothing, other)
        except AssertionError:
            return True
        if canaries_in(other):
            return True
    return False
