"""Studies made through pages only, as a coordinator would: from a name to readers at work."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.room import PASSWORD, shoot

PROPOSALS_MS = 900_000  # on a busy machine, beside a browser that draws
READERS = ("weber", "haddad", "okoye")  # three residents; the last gets an account here
# One stratum of two, so that one begins without the AI and one with it; and two whom an observer
# model simulates (`tests.e2e.finished`).
RESIDENTS, SIMULATED = ("weber", "haddad"), ("moreau", "silva")
PARALLEL, CROSSOVER = "Second study", "Study in two periods"
WASHOUT_DAYS = "14"


def press(page: Page, button: Locator | str) -> None:
    """Send a form by its button, and wait for the page that answers."""
    found = page.get_by_role("button", name=button) if isinstance(button, str) else button
    with page.expect_navigation():
        found.click()


def make_parallel(page: Page, heads: list[Path]) -> str:
    """Make, lock and open one with three arms, of folders of DICOM files; answers its address."""
    base = _begin(page, PARALLEL)
    _tell_kinds(page, base)
    _cases(page, base, heads)
    page.get_by_label("Design", exact=True).select_option("parallel")
    page.get_by_label("Condition of arm B").select_option("second_reader")
    page.get_by_label("Name of arm C").fill("With AI at once")
    page.get_by_label("Condition of arm C").select_option("concurrent")
    # A block of three in a stratum of three readers: one in each arm.
    page.get_by_label("Block sizes").fill("3")
    press(page, "Save arms and design")
    _hang(page, base)
    _explain(page, base)
    _readers(page, base, READERS[:-1])
    _new_reader(page)
    _lock(page, base, "lock-ready")
    return base


def make_crossover(page: Page, heads: list[Path]) -> str:
    """Make, lock and open one in two periods with a washout; answers its address."""
    base = _begin(page, CROSSOVER)
    _cases(page, base, heads)
    page.get_by_label("Design", exact=True).select_option("crossover")
    page.get_by_label("Washout / days").fill(WASHOUT_DAYS)
    page.get_by_label("Condition of arm B").select_option("concurrent")
    page.get_by_label("Block sizes").fill("2")
    press(page, "Save arms and design")
    expect(page.get_by_role("img", name="Timeline of the design")).to_be_visible()
    shoot(page, "design-crossover")
    _readers(page, base, (*RESIDENTS, *SIMULATED))
    form = page.locator("form").filter(has=page.get_by_label("Role"))
    form.get_by_label("Username").fill("statistician")
    form.get_by_label("Role").select_option("statistician")
    press(page, form.get_by_role("button"))
    _lock(page, base, "lock-ready-crossover")
    return base


def _begin(page: Page, name: str) -> str:
    page.goto("/studies/new/")
    page.get_by_label("Name").fill(name)
    press(page, "Create the study")
    return page.url.rsplit("/cases", 1)[0]


def _cases(page: Page, base: str, heads: list[Path]) -> None:
    """Cases, standards and questions; then the page of arms."""
    page.goto(f"{base}/cases/")
    _upload(page, heads)
    _standards(page, base, len(heads))
    page.goto(f"{base}/questions/")
    press(page, "Use the brain-metastasis set")
    page.goto(f"{base}/arms/")


def _lock(page: Page, base: str, name: str) -> None:
    """The plan, what is missing until the worker has proposed, the lock, the start."""
    page.goto(f"{base}/plan/")
    press(page, "Save the plan")
    _wait_for_proposals(page, base)
    shoot(page, name)
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Lock protocol 1.0")
    expect(page.get_by_text("Protocol 1.0 is locked")).to_be_visible()
    press(page, "Open the study for reading")


def _hang(page: Page, base: str) -> None:
    """FLAIR before T1c, side by side, in the wide window, each pane zoomed for itself."""
    page.goto(f"{base}/protocol/")
    page.get_by_label("Layout").select_option("two")
    page.get_by_label("Window at first").select_option("wide")
    page.get_by_label("FLAIR", exact=True).fill("0")
    page.get_by_label("zoom", exact=True).uncheck()
    press(page, "Save how images hang")
    expect(page.get_by_text("The hanging protocol is saved.")).to_be_visible()
    shoot(page, "hanging-protocol")


def _explain(page: Page, base: str) -> None:
    """Everything that the detector can say, to the experienced as well."""
    page.goto(f"{base}/protocol/")
    for experience in ("General radiologist", "Neuroradiologist"):
        page.get_by_label(experience).select_option("full")
    press(page, "Save how much readers are told")
    expect(page.get_by_label("Neuroradiologist")).to_have_value("full")


def _tell_kinds(page: Page, base: str) -> None:
    """Before there are images, so that the detector runs once on each."""
    page.goto(f"{base}/protocol/")
    box = page.get_by_label("Tell readers what kind of lesion each proposal may be")
    box.check()
    press(page, "Save whether kinds are told")
    expect(box).to_be_checked()
    shoot(page, "kinds-of-lesion")


def _readers(page: Page, base: str, usernames: tuple[str, ...]) -> None:
    """Add readers who have accounts."""
    page.goto(f"{base}/readers/")
    for username in usernames:
        page.get_by_label("Username", exact=True).first.fill(username)
        press(page, "Add the reader")


def _new_reader(page: Page) -> None:
    """One whose account is made on the page of readers."""
    form = page.locator("form").filter(has_text="Make an account for a reader")
    for label, value in (("Name", "Dr. Okoye"), ("Username", READERS[-1]),
                         ("First password", PASSWORD), ("Site", "Northfield Hospital"),
                         ("Years", "2")):  # fmt: skip
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_label("Experience").select_option("resident")
    press(page, form.get_by_role("button", name="Make the account and add"))


def _upload(page: Page, heads: list[Path]) -> None:
    for number, head in enumerate(heads, start=1):
        send(page, head)
        words = re.compile(rf"^{number} examinations? (is|are) not")
        expect(page.get_by_text(words)).to_be_visible(timeout=300_000)
    press(page, "Make cases of them")
    press(page, page.get_by_role("button", name="Make training").first)


def send(page: Page, head: Path) -> None:
    """Send an examination's folder from the page of cases, see what became of it, come back."""
    cases = page.url
    page.locator("#folder").set_input_files(str(head))
    report = page.get_by_role("heading", name="De-identification, tag by tag")
    expect(report).to_be_visible(timeout=300_000)
    page.goto(cases)


def _standards(page: Page, base: str, count: int) -> None:
    """The training case and half of the others with a lesion, the others without."""
    page.goto(f"{base}/standard/")
    mains = 0
    for _ in range(count):
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Set", exact=True))
        is_main = "Main" in row.first.inner_text()
        mains += is_main
        row.first.get_by_role("link", name="Set", exact=True).click()
        page.get_by_label("How it was established").fill("Known: synthetic phantom")
        if is_main and mains > (count - 1) // 2:
            page.get_by_label("No metastasis").check()
        else:
            page.get_by_label("Metastases present").check()
            for name, value in (("x, lesion 1", "10"), ("y, lesion 1", "-20"),
                                ("z, lesion 1", "15"), ("Diameter, lesion 1", "6")):  # fmt: skip
                page.get_by_label(name, exact=True).fill(value)
        press(page, "Set the standard")


def _wait_for_proposals(page: Page, base: str) -> None:
    """Nobody asks for them: the worker finds the new examinations by itself, the page tells."""
    page.goto(f"{base}/lock/")
    lock = page.get_by_role("button", name="Lock protocol 1.0")
    expect(lock).to_be_visible(timeout=PROPOSALS_MS)
