"""Pictures of the explorer and of a report for the documentation.

python -m tests.pages.screenshots    writes them into docs/_static
"""

from __future__ import annotations

import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.pages.conftest import ARGUMENTS, chromium, until

import calcikin
from calcikin.app import Explorer, Server
from calcikin.report import of_model, write_report

STATIC = Path(__file__).resolve().parents[2] / "docs" / "_static"


def main() -> None:
    """Open, move the magnesium of a kept serum, and take the pictures."""
    server = Server(Explorer(calcikin.load("t50_serum"), "t50_serum"))
    server.warm_up().join()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    report = write_report(of_model(calcikin.load("t50_serum")), STATIC / "report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        for name, width, height in (("explorer", 1366, 768), ("explorer-phone", 390, 844)):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(server.url)
            until(page, "Boolean(window.explorer && window.explorer.sweeps)")
            if name == "explorer":
                page.locator("#keep").click()
                page.locator("[data-name='serum.Mg'] input[type=range]").fill("1.2")
                until(page, "window.explorer.sweeps > 1")
            page.screenshot(path=STATIC / f"{name}.png")
        page = browser.new_page(viewport={"width": 900, "height": 1000})
        page.goto(report.as_uri())
        page.screenshot(path=STATIC / "report.png")
        browser.close()
    report.unlink()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
