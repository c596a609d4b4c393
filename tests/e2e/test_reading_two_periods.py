"""Journey 2 in a large window: a reader of either sequence of a crossover, whole reads."""

import pytest
from playwright.sync_api import Browser

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site
from tests.e2e.making import RESIDENTS
from tests.e2e.sitting import OF_THE_AI, arms, bare, read_whole, sit

pytestmark = pytest.mark.browser
SIZE = "1920x1080"


def test_r2_a_whole_read_without_the_ai_in_a_large_window(
    browser: Browser, site: Site, crossover_study: str
) -> None:
    """From signing in to the next case; not a word of the AI, which has proposals for all."""
    who = arms(site, crossover_study, RESIDENTS)["control"]
    sitting = sit(browser, site, crossover_study, who, SIZE)
    assert "ai" not in sitting.packet()
    read_whole(sitting, site, aided=False)
    room.shoot(sitting.page, "reading-room-control-1920")
    everything = " ".join(body for _url, body in sitting.heard) + sitting.page.content()
    assert not OF_THE_AI.search(bare(everything))
    sitting.page.context.close()


def test_r5_r6_a_whole_read_with_the_ai_in_a_large_window(
    browser: Browser, site: Site, crossover_study: str
) -> None:
    """From signing in to the next case; a proposal is taken over, and kept as accepted."""
    who = arms(site, crossover_study, RESIDENTS)["concurrent"]
    sitting = sit(browser, site, crossover_study, who, SIZE)
    assert sitting.ai()["proposals"]
    assert sitting.page.get_by_test_id("proposals").is_visible()
    assert axe(sitting.page) == []  # R12
    read_whole(sitting, site, aided=True)
    room.shoot(sitting.page, "reading-room-ai-1920")
    sitting.page.context.close()
