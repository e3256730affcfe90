"""The explorer from end to end, in headless Chromium."""

from __future__ import annotations

import csv
import json
import re
from xml.etree import ElementTree

import pytest
import xarray as xr
from tests.pages.conftest import until

DRAWN = "[...document.querySelectorAll('figure[data-plot] > div')].filter(d => d.spec).length"
T50 = "document.querySelector('#t50').firstChild.textContent"


def slider(page, name):
    return page.locator(f"[data-name='{name}'] input[type=range]")


def entry(page, name):
    return page.locator(f"[data-name='{name}'] .entry")


def minutes(page):
    return float(re.match(r"[\d.]+", page.evaluate(T50))[0])


def after(page, act):
    """Do something, and wait until it has been computed and drawn."""
    runs = page.evaluate("window.explorer.runs")
    act()
    until(page, f"window.explorer.runs > {runs}")


def test_the_page_shows_a_serum_and_what_it_is_not_for(open_page):
    page = open_page(height=1900)
    assert 250 < minutes(page) < 400  # the healthy serum; published mean 329 min
    assert page.locator(".warning").is_visible()
    assert "not for decisions about a patient" in page.locator(".warning").inner_text()
    until(page, "window.explorer.sweeps > 0")
    until(page, f"{DRAWN} === 8")
    assert "mmol/L" in page.locator("#threshold").inner_text()


def test_a_slider_moves_everything(open_page):
    page = open_page(height=1900)
    until(page, "window.explorer.sweeps > 0")
    until(page, f"{DRAWN} === 8")
    before = minutes(page)
    solids = "document.querySelector('div[data-plot=solids]')"
    read = f"JSON.stringify({solids}.spec.lines.map(line => line.y.at(90)))"
    curves = page.evaluate(read)
    after(page, lambda: slider(page, "serum.Mg").fill("1.2"))
    assert minutes(page) > before + 50  # more magnesium, longer T50
    until(page, f"{read} !== {json.dumps(curves)}")
    assert entry(page, "serum.Mg").input_value() == "1.2"
    assert page.locator("#command").input_value().endswith("--set serum.Mg=1.2mmol/L")
    until(page, "window.explorer.sweeps > 1")


def test_moves_do_not_queue(open_page):
    page = open_page()
    until(page, "window.explorer.sweeps > 0")
    runs = page.evaluate("window.explorer.runs")
    # forty moves at once: one run for the first, one for the last, and none for those between
    page.evaluate(
        """() => {
          const range = document.querySelector("[data-name='serum.Mg'] input[type=range]");
          for (let k = 0; k < 40; k += 1) {
            range.value = 0.8 + 0.01 * k;
            range.dispatchEvent(new Event("input"));
          }
        }"""
    )
    until(page, "document.querySelector('#command').value.includes('serum.Mg=1.19')")
    assert page.evaluate("window.explorer.runs") - runs <= 2


def test_a_mechanism_can_be_switched_off(open_page):
    page = open_page()
    before = minutes(page)
    page.locator("[data-name='growth_poisoning']").uncheck()
    until(page, "document.querySelector('#command').value.includes('--off growth_poisoning')")
    assert minutes(page) < before


def test_a_preset_brings_its_own_values(open_page):
    page = open_page()
    after(page, lambda: slider(page, "serum.Mg").fill("1.5"))
    after(page, lambda: page.locator("#preset").select_option("haemodialysis"))
    assert entry(page, "serum.Pi").input_value() == "1.7"
    assert entry(page, "serum.Mg").input_value() == "0.9"
    assert "--serum haemodialysis" in page.locator("#command").input_value()


def test_a_wrong_entry_is_explained_and_the_plots_stay(open_page):
    page = open_page()
    before = page.evaluate(T50)
    field = entry(page, "serum.Ca")
    field.fill("24")
    field.press("Tab")
    said = page.locator("[data-name='serum.Ca'] .said")
    until(page, "document.querySelector(\"[data-name='serum.Ca']\").classList.contains('wrong')")
    assert "24 mmol/L is not plausible" in said.inner_text()
    assert "last composition that could be run" in page.locator("#problem").inner_text()
    assert page.evaluate(T50) == before
    assert field.input_value() == "24"  # what was typed is still there, to be mended
    field.fill("9.6 mg/dL")
    after(page, lambda: field.press("Tab"))
    assert page.locator("#problem").is_hidden()
    assert field.input_value() == "2.395"  # 9.6 mg/dL of 40.078 g/mol


def test_two_compositions_are_compared(open_page):
    page = open_page()
    before = minutes(page)
    page.locator("#keep").click()
    after(page, lambda: slider(page, "serum.Mg").fill("1.2"))
    row = page.locator("#comparison tr", has_text="T50 from scattered light")
    now, kept = (float(row.locator("td").nth(k).inner_text()) for k in (0, 1))
    assert round(kept) == before
    assert now > kept
    after(page, lambda: page.locator("#swap").click())
    assert minutes(page) == before
    page.locator("#forget").click()
    assert page.locator("#comparison").is_hidden()


@pytest.mark.parametrize("kind", ["csv", "netcdf", "svg", "pdf"])
def test_data_and_figures_can_be_taken_along(open_page, tmp_path, kind):
    page = open_page()
    after(page, lambda: slider(page, "serum.Mg").fill("1.2"))
    with page.expect_download() as expected:
        page.locator(f"#files [data-kind={kind}]").click()
    path = tmp_path / expected.value.suggested_filename
    expected.value.save_as(path)
    if kind == "csv":
        rows = list(csv.reader(path.read_text().splitlines()))
        assert rows[0][0] == "time [min]"
        assert len(rows) > 900
    elif kind == "netcdf":
        data = xr.load_dataset(path, engine="h5netcdf")
        assert json.loads(data.attrs["provenance"])["inputs"]["serum.Mg"] == 1.2
        assert round(data.attrs["t50_min"]) == minutes(page)
    else:
        assert path.read_bytes()[:5] == {"svg": b"<?xml", "pdf": b"%PDF-"}[kind]


def plot(page, name):
    return page.locator(f"div[data-plot={name}]")


def shown_range(page, name):
    axis = page.evaluate(f"document.querySelector('div[data-plot={name}]').spec.x.range")
    return [round(x) for x in axis]


def drag(page, name, start, end):
    """Choose a stretch of a plot with the mouse, as shares of its width."""
    box = plot(page, name).bounding_box()
    middle = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + start * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * (start + end) * box["width"], middle)
    page.mouse.move(box["x"] + end * box["width"], middle)
    page.mouse.up()


def test_a_stretch_of_time_is_the_same_in_every_plot(open_page):
    page = open_page(height=1900)
    until(page, f"{DRAWN} >= 7")
    whole = shown_range(page, "solids")
    drag(page, "light", 0.3, 0.6)
    until(page, "document.querySelector('div[data-plot=solids]').spec.x.range[0] > 100")
    low, high = shown_range(page, "light")
    assert whole[0] < low < high < whole[1]
    for name in ("solids", "saturation", "radius", "number", "dissolved"):
        assert shown_range(page, name) == [low, high]
    after(page, lambda: slider(page, "serum.Mg").fill("1.2"))  # and it stays
    assert shown_range(page, "light") == [low, high]
    plot(page, "solids").dblclick()
    until(page, "document.querySelector('div[data-plot=light]').spec.x.range[0] === 0")
    assert shown_range(page, "light")[1] > whole[1]  # all of the run


def test_the_pointer_shows_values_in_every_plot(open_page):
    page = open_page(height=1900)
    until(page, f"{DRAWN} >= 7")
    box = plot(page, "solids").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    for name in ("light", "solids", "dissolved"):
        tip = plot(page, name).locator(".tip")
        assert tip.is_visible()
        assert "min" in tip.inner_text()
    assert re.search(r"CPP1 [\d.]+", plot(page, "solids").locator(".tip").inner_text())
    page.mouse.move(5, 5)
    assert not plot(page, "light").locator(".tip").is_visible()


def test_a_plot_can_be_saved(open_page, tmp_path):
    page = open_page()
    with page.expect_download() as expected:
        page.locator("figure[data-plot=light] .save").click()
    assert expected.value.suggested_filename == "calcikin-light.svg"
    path = tmp_path / "light.svg"
    expected.value.save_as(path)
    root = ElementTree.parse(path).getroot()
    assert root.tag.endswith("svg")
    assert "time [min]" in "".join(root.itertext())


def test_axes_have_round_numbers_and_lines_stay_inside(open_page):
    page = open_page(height=1900)
    until(page, f"{DRAWN} === 8")
    for name in ("light", "solids", "sweep", "saturation", "radius", "number", "dissolved"):
        labels = page.locator(f"div[data-plot={name}] svg > text").all_text_contents()
        assert len(labels) >= 6, name
        assert not any("NaN" in label or "undefined" in label for label in labels), labels
        paths = page.locator(f"div[data-plot={name}] path").evaluate_all(
            "paths => paths.map(p => p.getAttribute('d')).join(' ')"
        )
        assert "NaN" not in paths, name
        assert "Infinity" not in paths, name


def test_the_calcium_of_the_kept_serum_is_shown_beside_that_of_now(open_page):
    page = open_page(height=1900)
    until(page, f"{DRAWN} === 8")
    picture = plot(page, "flows")
    bands = picture.locator("path").count()
    assert bands > 4
    page.locator("#keep").click()
    after(page, lambda: slider(page, "serum.Mg").fill("1.2"))
    until(page, "document.querySelector('div[data-plot=flows]').spec.runs.length === 2")
    assert picture.locator("text", has_text="kept").count() == 1
    # as much leaves a place as came, so every bar is as high as its bands
    amounts = page.evaluate(
        "document.querySelector('div[data-plot=flows]').spec.runs.map(r => r.flows)"
    )
    for flows in amounts:
        inner = {a for a, _, _ in flows} & {b for _, b, _ in flows}
        for name in inner:
            gained = sum(x for _, b, x in flows if b == name)
            lost = sum(x for a, _, x in flows if a == name)
            assert gained == pytest.approx(lost, rel=2e-3)  # four digits are sent


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_it_can_be_read_on_a_laptop_and_a_phone(open_page, width, height, scheme):
    page = open_page(width, height, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for place in (".warning", "#t50", "div[data-plot=light]", "#preset"):
        box = page.locator(place).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height, place  # without scrolling
    assert page.evaluate(CONTRAST) == []


#: Texts with less contrast to their ground than 4.5, the limit of WCAG 2.1 for small letters.
CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
      .map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const colour = getComputedStyle(n).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  const texts = "h1, p, label, span, b, summary, button, figcaption";
  for (const node of document.querySelectorAll(texts)) {
    if (!node.offsetParent || !node.textContent.trim()) continue;
    const pair = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) poor.push(`${node.textContent.trim()}: ${contrast}`);
  }
  return poor;
}"""
