"""A report in headless Chromium: no network, zoom, phone width, and on paper."""

from __future__ import annotations

import re

import pytest

import calcikin
from calcikin.report import of_model, write_report


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    model = calcikin.load("t50_serum").with_({"serum.Mg": "1.2 mmol/L"})
    return write_report(of_model(model), tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def page(browser, path):
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_it_can_be_read_on_a_phone_too(page):
    assert "not for decisions about a patient" in page.locator(".warning").inner_text()
    for width in (1100, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        loaded = "[...document.querySelectorAll('figure img')].every(i => i.naturalWidth > 0)"
        assert page.evaluate(loaded)


def test_a_figure_can_be_zoomed(page):
    page.locator(".zoom").first.click()
    image = page.locator("dialog img")
    before = image.bounding_box()
    page.mouse.move(500, 400)
    page.mouse.wheel(0, -300)
    page.locator("dialog button[value=in]").click()
    after = image.bounding_box()
    assert after["width"] == pytest.approx(1.2 * 1.5 * before["width"], rel=1e-3)
    page.mouse.move(500, 400)
    page.mouse.down()
    page.mouse.move(450, 380)
    page.mouse.up()
    assert image.bounding_box()["x"] == pytest.approx(after["x"] - 50, abs=1)
    page.locator("dialog button[value=all]").click()
    assert image.bounding_box()["width"] == pytest.approx(before["width"], rel=1e-3)
    page.keyboard.press("Escape")
    assert page.locator("dialog").is_hidden()


def test_it_prints(page):
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    # ten pages of A4, 595 by 842 points, most of them references
    sizes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
    assert {(round(float(w)), round(float(h))) for w, h in sizes} <= {(595, 842), (596, 842)}
    assert len(re.findall(rb"/Type /Page\b", paper)) <= 12
    page.emulate_media(media="print")
    assert page.locator(".warning").is_visible()
    assert page.locator("a[download]").is_hidden()
