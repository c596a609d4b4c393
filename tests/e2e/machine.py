"""A browser of a test's own on a profile that stays: it may be killed and started again."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, Playwright

from scripts.launcher.tools import CHROMIUM_FLAGS, find_chromium
from tests.e2e import room

STARTS_WITHIN_S = 120.0


@dataclass
class Machine:
    """Chromium with all its processes in one group, driven over its debugging port."""

    playwright: Playwright
    profile: Path
    process: "subprocess.Popen[bytes] | None" = None
    browsers: list[Browser] = field(default_factory=list)

    def start(self) -> Page:
        """Start it, and open a page."""
        port = self.profile / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        command = [
            os.environ.get("CHROMIUM") or find_chromium() or "chromium", *CHROMIUM_FLAGS,
            "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={self.profile}",
            "--window-size=1280,900", "about:blank",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        end = time.monotonic() + STARTS_WITHIN_S
        while not (port.exists() and port.read_text().count("\n")):
            assert time.monotonic() < end, "the browser did not start"
            time.sleep(0.1)
        address = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        self.browsers.append(self.playwright.chromium.connect_over_cdp(address))
        page = self.browsers[-1].contexts[0].new_page()
        page.set_default_timeout(1000 * room.PATIENCE_S)
        return page

    def kill(self) -> None:
        """Kill every process of it, as by `kill -9` or a lost power supply."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        with contextlib.suppress(Error):
            self.browsers[-1].close()
        for lock in self.profile.glob("Singleton*"):  # it names a process that is no more
            lock.unlink(missing_ok=True)

    def files_with(self, words: str) -> list[str]:
        """The files of the profile that hold words, in UTF-8 or UTF-16."""
        sought = (words.encode(), words.encode("utf-16-le"))
        found = []
        for path in sorted(self.profile.rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    content = path.read_bytes()
                except FileNotFoundError:  # a browser that runs has taken it away
                    continue
                if any(each in content for each in sought):
                    found.append(str(path.relative_to(self.profile)))
        return found
