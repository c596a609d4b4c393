"""Many readers on PostgreSQL while everything fails in turn: nothing is lost, nothing is double.

Short in CI, long by `make faults`: 20 readers sign 1,000 reads; FAULTS=middle: 200, in minutes.
"""

import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.faults import postgres
from tests.faults.brokers import PrivateRedis, Worker, is_installed
from tests.faults.checker import check
from tests.faults.form import FORM
from tests.faults.platform import Browser, Gone, Platform
from tests.faults.proxy import Proxy, Weather
from tests.faults.readers import ScriptedReader, all_did_well, wait_for
from tests.faults.storm import ENDED, Storm
from tests.faults.volume import Volume
from tests.scripted import Refused, Tab

pytestmark = pytest.mark.postgres

# Readers, reads of each, rounds of faults, seconds without database, without network, of rest
# between two cases.
READERS, READS, ROUNDS, AWAY_S, CUT_S, PACE_S = {
    "long": (20, 50, 10, 120.0, 600.0, 5.0),
    "middle": (20, 10, 3, 20.0, 60.0, 0.0),
}.get(FORM, (4, 2, 0, 2.0, 2.0, 0.0))
IS_LONG = ROUNDS > 0
CALM_S = (0.5, 3.0) if IS_LONG else (0.1, 0.4)
LEAVES = "gus"
WRITERS, ENTRIES = 200, 3
DISK_MIB = 768 if IS_LONG else 192
PATIENCE_S = 300 + AWAY_S + CUT_S
SOON_S = 10.0  # and, where the machine is busy, what ten batches take before the fault


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume | None]:
    """A small disk for the database; None where none may be mounted."""
    made = Volume(Path(tempfile.mkdtemp(prefix="readerstudy-")), DISK_MIB)  # for postgres too
    yield made if made.mount() else None
    made.unmount()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(disk: Volume | None) -> Iterator[postgres.PrivatePostgres]:
    """A PostgreSQL of our own, on the small disk."""
    if not postgres.is_installed():
        pytest.skip("NOT RUN: PostgreSQL's server programs are not installed (initdb)")
    # Not one of pytest's own folders: those are for root only.
    folder = Path(tempfile.mkdtemp(prefix="readerstudy-", dir=disk.folder if disk else None))
    made = postgres.PrivatePostgres(folder, max_connections=WRITERS + 40, wal_mebibytes=32)
    try:
        made.make()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateRedis | None]:
    """In the long forms, a Redis of our own."""
    made = PrivateRedis() if IS_LONG and is_installed() else None
    if made:
        made.start()
    yield made
    if made:
        made.kill()


@pytest.fixture(scope="module")
def site(
    server: postgres.PrivatePostgres,
    broker: PrivateRedis | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """A study for all readers, served."""
    folder = tmp_path_factory.mktemp("platform")
    made = Platform(folder, server.url, broker.url if broker else "")
    made.prepare(readers=READERS - 3, cases=READS + 20)
    made.start()
    yield made
    made.end()


@pytest.fixture
def worker(site: Platform, broker: PrivateRedis | None) -> Iterator[Worker | None]:
    """In the long forms, a worker whose runs take a second each."""
    made = Worker(site, detect_s=1.0) if broker else None
    if made:
        made.start()
    yield made
    if made:
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
    usual_s = _seconds_to(tab.flush)
    server.kill()
    end, refusals = time.monotonic() + AWAY_S, 0
    tab.does("scroll")
    while time.monotonic() < end or refusals < 3:
        with pytest.raises(Refused) as refused:
            tab.flush()
        assert (refused.value.status, refused.value.code) == (503, "unavailable")
        assert int(browser.heard["retry-after"]) > 0
        page, content, *_more = site.request("GET", "/studies/", headers=browser.cookie())
        assert page == 503
        assert b"Traceback" not in content
        refusals += 1
        time.sleep(0.2)
    server.start()
    tab.mark()
    tab.answer_all()
    tab.does("submit_asked")
    again_s = _seconds_to(tab.flush) + _seconds_to(tab.sign)
    earlier.append(tab)
    assert again_s < SOON_S + 10 * usual_s, "readers save again within ten seconds"


@pytest.mark.fault("A7")
def test_a7_a_full_disk_of_the_database_is_said_and_heals(
    site: Platform, server: postgres.PrivatePostgres, disk: Volume | None, earlier: list[Tab]
) -> None:
    """What finds no room is refused before it is acknowledged; with room, all of it comes in."""
    if disk is None:
        pytest.skip("NOT RUN: no small disk may be mounted here (it takes root)")
    browser = Browser(site)
    browser.sign_in("rae")
    tab = Tab(browser.send, site.study)
    tab.open()
    tab.does("first_render")
    usual_s = _seconds_to(tab.flush)
    disk.fill()
    refused = _until_refused(tab)
    assert (refused.status, refused.code) == (503, "unavailable")
    assert int(browser.heard["retry-after"]) > 0
    assert tab.outbox
    disk.free()
    server.mend()
    tab.answer_all()
    tab.does("no_lesion_said", said=True)
    tab.does("submit_asked")
    reader = ScriptedReader(site, "rae", 0, reads=1)
    again_s = _seconds_to(lambda: reader.persist(tab.flush))
    again_s += _seconds_to(lambda: reader.persist(tab.sign))
    assert 500 not in reader.refusals
    assert again_s < SOON_S + 10 * usual_s, "readers save again within ten seconds"
    earlier.append(tab)


def _seconds_to(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _until_refused(tab: Tab) -> Refused:
    """Send batch after batch until the disk takes no more; answers how that was said."""
    rng = np.random.default_rng(1)  # what chance makes cannot be packed
    for _ in range(400):
        for _number in range(200):
            tab.does("key", 0.01, key=rng.bytes(250).hex())
        try:
            tab.flush()
        except Refused as refused:
            return refused
    raise AssertionError("the disk was not full")


@pytest.mark.fault("A3")
@pytest.mark.fault("A7")
@pytest.mark.fault("C3")
@pytest.mark.fault("C4")
@pytest.mark.fault("C5")
@pytest.mark.fault("C6")
@pytest.mark.fault("C7")
@pytest.mark.fault("C10")
def test_a3_nothing_is_lost_while_server_database_and_network_fail(
    site: Platform,
    server: postgres.PrivatePostgres,
    network: Proxy,
    disk: Volume | None,
    worker: Worker | None,
    broker: PrivateRedis | None,
    earlier: list[Tab],
) -> None:
    rng, calm = np.random.default_rng(2026), threading.Event()
    readers = [
        ScriptedReader(
            site, name, seed, reads=READS, is_wild=True, leaves=name == LEAVES, calm=calm,
            pace_s=PACE_S, patience_s=PATIENCE_S,
        )
        for seed, name in enumerate(_names())
    ]  # fmt: skip
    for reader in readers:
        reader.start()
    storm = Storm(site, server, network, disk, worker, broker)
    for strike in storm.strikes(ROUNDS, cut_s=CUT_S, leaves=LEAVES):
        time.sleep(float(rng.uniform(*CALM_S)))
        strike()
    calm.set()
    signed = wait_for(readers, within_s=max(900.0, 60.0 * READS))
    assert network.spoilt > 0
    tabs = [*earlier, *(tab for reader in readers for tab in reader.tabs)]
    found = site.examine()
    check(found, tabs, signed=signed | {tab.read_id for tab in earlier})
    ended = storm.ended_runs()
    assert bool(ended) == bool(storm.worker), "no run ever began: nothing is shown"
    assert all(ENDED.get(run["state"]) == run["results"] for run in ended), f"I7: {ended}"
    _report(storm, readers, found, dict(Counter(run["state"] for run in ended)))
    all_did_well(readers)  # last: what was stored is looked at whoever gave up


def _report(
    storm: Storm, readers: list[ScriptedReader], found: dict[str, Any], runs: dict[str, int]
) -> None:
    """Write down what was gone through, for `docs/reliability.md`."""
    told = {
        "form": FORM,
        "strikes": dict(storm.counts),
        "readers": len(readers),
        "signed": sum(len(reader.signed) for reader in readers),
        "events": len(found["events"]),
        "acts": dict(sum((reader.acts for reader in readers), Counter())),
        "refusals": dict(Counter(each for reader in readers for each in reader.refusals)),
        "connections_spoilt": storm.network.spoilt,
        "runs": runs,
        "seconds": round(time.monotonic() - storm.began),
    }
    folder = Path("test-results")
    folder.mkdir(exist_ok=True)
    (folder / f"storm-{FORM}.json").write_text(json.dumps(told, indent=1))


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
