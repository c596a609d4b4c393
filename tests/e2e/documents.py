"""Counts the documents that a page loads: going within one loads none."""

from playwright.sync_api import Page, Request


class Documents:
    """What a page has loaded since it was watched; a property of its window tells the same."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.loaded: list[str] = []
        page.on("request", self._keep)
        page.evaluate("() => { window.sameDocument = true; }")

    def _keep(self, request: Request) -> None:
        if request.resource_type == "document":
            self.loaded.append(request.url)

    def is_one(self) -> bool:
        """Whether the page is still in the document that it was watched in."""
        is_same: bool = self.page.evaluate("() => window.sameDocument === true")
        assert is_same == (self.loaded == []), self.loaded
        return is_same
