"""The explorer, served to the tests, and Debian's Chromium to look at it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import calcikin
from calcikin.app import Explorer, Server

#: Without a network and without a sandbox (tests run as root in a container).
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Debian's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "these tests need Chromium: apt-get install chromium"
    return program


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server(Explorer(calcikin.load("t50_serum"), "t50_serum")) as server:
        server.warm_up().join()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


def until(page: Page, condition: str, seconds: float = 60.0) -> None:
    """Wait for a condition in the page.

    Asked from outside: the page's security policy forbids playwright's own way, which evaluates
    text inside the page.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never happened: {condition}"
        time.sleep(0.02)


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Open the explorer in a window of some size; its first run is drawn.

    Whatever the page says on its console, or throws, fails the test at its end; only that an entry
    is wrong (422) or a request is too old (409) is expected to be noted there.
    """
    pages: list[Page] = []
    said: list[str] = []

    def note(kind: str, text: str) -> None:
        if not any(code in text for code in ("422", "409")):
            said.append(f"{kind}: {text}")

    def open_(width: int = 1366, height: int = 768, scheme: str = "light") -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        page.on("console", lambda message: note(message.type, message.text))
        page.on("pageerror", lambda error: note("error", str(error)))
        page.goto(server.url)
        pages.append(page)
        until(page, "Boolean(window.explorer && window.explorer.drawn)")
        return page

    yield open_
    for page in pages:
        page.close()
    assert said == []
