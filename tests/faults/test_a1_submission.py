"""A submission survives a server that dies at any of its instructions (A1)."""

import pytest

from tests.faults.checker import check
from tests.faults.platform import Browser, Gone, Platform
from tests.scripted import Refused, Tab

POINTS = (
    "submit.before_begin",
    "submit.inserted",
    "submit.before_commit",
    "submit.committed",
    "submit.mid_reply",
)
COMMITTED = {"submit.committed", "submit.mid_reply"}


def is_signed(tab: Tab) -> bool:
    """Whether the read was submitted before the server died; else it is open as before."""
    try:
        packet = tab.reload()
    except Refused as refused:
        return refused.code == "reads.submitted"
    return bool(packet["read"]["state"] != "opened")


@pytest.mark.fault("A1")
def test_a1_one_submission_whatever_instruction_the_server_dies_at(platform: Platform) -> None:
    tabs: list[Tab] = []
    signed: set[str] = set()
    for point in POINTS:
        platform.start(failpoint=point)
        browser = Browser(platform)
        browser.sign_in("rae")
        tab = Tab(browser.send, platform.study)
        tabs.append(tab)
        tab.open()
        tab.read_case()
        with pytest.raises(Gone):
            tab.sign()
        platform.kill()
        platform.start()
        assert is_signed(tab) is (point in COMMITTED), point
        first = tab.sign()
        assert tab.sign() == first, "a repeat has the first answer"
        signed.add(tab.read_id)
        key, tab.key = tab.key, "another"
        with pytest.raises(Refused):
            tab.sign()
        tab.key = key
        platform.kill()
    check(platform.examine(), tabs, signed=signed)
