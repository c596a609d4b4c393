"""Many readers on PostgreSQL while everything fails in turn: nothing is lost, nothing is double.

Short in CI, long by `make faults`: 20 readers sign 1,000 reads; FAULTS=middle: 200, in minutes.
"""

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import IN_CI
from tests.faults import postgres
from tests.faults.checker import check
from tests.faults.platform import Browser, Gone, Platform
from tests.faults.proxy import Proxy, Weather
from tests.faults.readers import ScriptedReader, finish
from tests.scripted import Refused, Tab

pytestmark = pytest.mark.postgres

FORM = os.environ.get("FAULTS", "short")
# Readers, reads of each, rounds of faults, seconds without database, without network.
READERS, READS, ROUNDS, AWAY_S, CUT_S = {
    "long": (20, 50, 10, 120.0, 600.0),
    "middle": (20, 10, 3, 20.0, 60.0),
}.get(FORM, (4, 2, 0, 2.0, 2.0))
IS_LONG = ROUNDS > 0
CALM_S = (0.5, 3.0) if IS_LONG else (0.1, 0.4)
LEAVES = "gus"
WRITERS, ENTRIES = 200, 3


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.PrivatePostgres]:
    """A PostgreSQL of our own."""
    if not postgres.is_installed():
        line = "NOT RUN: PostgreSQL's server programs are not installed (initdb)"
        pytest.fail(line) if IN_CI else pytest.skip(line)
    folder = Path(tempfile.mkdtemp(prefix="readerstudy-"))  # pytest's own are for root only
    made = postgres.PrivatePostgres(folder, max_connections=WRITERS + 40)
    try:
        made.make()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def site(
    server: postgres.PrivatePostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A study for all readers, served."""
    made = Platform(tmp_path_factory.mktemp("platform"), server.url)
    made.prepare(readers=READERS - 3, cases=READS + 20)
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def earlier() -> list[Tab]:
    """Tabs of the tests before the storm: the checker wants to know of every event."""
    return []


@pytest.fixture
def network(site: Platform) -> Iterator[Proxy]:
    """The readers' way to the server."""
    made = Proxy(site.port)
    site.door = made.port
    yield made
    site.door = 0
    made.close()


def _names() -> list[str]:
    return ["rae", LEAVES, "nora", *(f"reader{number + 1}" for number in range(READERS - 3))]


def test_a3_an_acknowledged_commit_is_on_the_disk(server: postgres.PrivatePostgres) -> None:
    assert server.settings() == {
        "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
    }  # fmt: skip


@pytest.mark.fault("A4")
def test_a4_a_database_that_is_away_is_said_and_comes_back(
    site: Platform, server: postgres.PrivatePostgres, earlier: list[Tab]
) -> None:
    """503 with Retry-After, never 500; then the same processes go on and take what waited."""
    browser = Browser(site)
    browser.sign_in("nora")
    tab = Tab(browser.send, site.study)
    tab.open()
    tab.does("first_render")
    tab.flush()
    server.kill()
    end, refusals = time.monotonic() + AWAY_S, 0
    tab.does("scroll")
    while time.monotonic() < end:
        with pytest.raises(Refused) as refused:
            tab.flush()
        assert (refused.value.status, refused.value.code) == (503, "unavailable")
        assert int(browser.heard["retry-after"]) > 0
        page, content, *_more = site.request("GET", "/studies/", headers=browser.cookie())
        assert page == 503
        assert b"Traceback" not in content
        refusals += 1
        time.sleep(0.2)
    assert refusals > 2
    server.start()
    tab.mark()
    tab.answer_all()
    tab.does("submit_asked")
    back = time.monotonic()
    tab.flush()
    tab.sign()
    earlier.append(tab)
    assert time.monotonic() - back < 10, "readers save again within ten seconds"


@pytest.mark.fault("A3")
@pytest.mark.fault("C3")
@pytest.mark.fault("C4")
@pytest.mark.fault("C6")
def test_a3_nothing_is_lost_while_server_database_and_network_fail(
    site: Platform, server: postgres.PrivatePostgres, network: Proxy, earlier: list[Tab]
) -> None:
    rng, calm = np.random.default_rng(2026), threading.Event()
    readers = [
        ScriptedReader(site, name, seed, reads=READS, wild=True, leaves=name == LEAVES, calm=calm)
        for seed, name in enumerate(_names())
    ]
    for reader in readers:
        reader.start()
    for strike in _faults(site, server, network):
        time.sleep(float(rng.uniform(*CALM_S)))
        strike()
    calm.set()
    signed = finish(readers, within_s=max(360.0, 60.0 * READS))
    assert network.spoilt > 0
    tabs = [*earlier, *(tab for reader in readers for tab in reader.tabs)]
    check(site.examine(), tabs, signed=signed | {tab.read_id for tab in earlier})


def _faults(
    site: Platform, server: postgres.PrivatePostgres, network: Proxy
) -> list[Callable[[], None]]:
    """Everything that fails, in turn; each mends itself."""

    def no_web() -> None:
        site.kill()
        site.start()

    def no_database() -> None:
        server.kill()
        time.sleep(0.3)
        server.start()

    def weather(kind: Weather, seconds: float = 0.5) -> Callable[[], None]:
        def change() -> None:
            network.weather = kind
            time.sleep(seconds)
            network.weather = Weather.FINE

        return change

    def halted() -> None:
        site.ask("act", "halt")
        site.ask("act", "resume")

    leaving = iter(["withdraw"])

    def one_leaves() -> None:
        for act in leaving:
            site.ask("act", act, LEAVES)

    foul = [weather(kind) for kind in Weather if kind is not Weather.FINE]
    faults = [no_web, *foul, no_database, halted, one_leaves, no_web, no_database]
    if IS_LONG:
        return [*faults, *[no_web, *foul, no_database] * ROUNDS, weather(Weather.CUT, CUT_S)]
    return faults


@pytest.mark.fault("H2")
def test_h2_two_hundred_writers_at_once_leave_no_fork_in_a_chain(site: Platform) -> None:
    found = json.loads(site.ask("write", site.study, str(WRITERS), str(ENTRIES)))
    assert found["connections"] == WRITERS
    assert found["errors"] == []
    assert len(set(found["numbers"])) == WRITERS * ENTRIES
    assert found["breaks"] == []  # no gap, no fork


def test_c3_a_page_of_a_portal_is_no_acknowledgement(site: Platform, network: Proxy) -> None:
    """The scripted reader itself does not take it for one: the storm proves something."""
    network.weather = Weather.PORTAL
    with pytest.raises(Refused):
        Tab(Browser(site).send, site.study).open()
    network.weather = Weather.CUT
    with pytest.raises(Gone):
        Tab(Browser(site).send, site.study).open()
