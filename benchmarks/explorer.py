"""How soon the explorer answers a slider, in headless Chromium on this machine.

python benchmarks/explorer.py [MOVES]

Prints, as medians and 90 % of the moves: the service alone; from the move of the slider to the
numbers and the curve of T50; and to every plot that is in sight on a laptop.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import threading
import time

from playwright.sync_api import sync_playwright

import calcikin
from calcikin.app import Explorer, Server
from calcikin.bench.machine import describe_machine


def wait(page, condition, seconds=60.0):
    """Ask the page until something holds."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        time.sleep(0.01)


def show(name, milliseconds):
    """Print a line of the result."""
    ordered = sorted(milliseconds)
    ninety = ordered[int(0.9 * (len(ordered) - 1))]
    print(f"{name:44s} {statistics.median(ordered):6.0f} ms  {ninety:6.0f} ms")


def main(moves: int = 40) -> None:
    """Start the explorer, move its magnesium, and print how long it took."""
    explorer = Explorer(calcikin.load("t50_serum"), "t50_serum")
    alone = []
    for k in range(moves + 1):
        start = time.perf_counter()
        explorer.run({"values": {"serum.Mg": 0.7 + 0.02 * k}})
        alone.append(1e3 * (time.perf_counter() - start))
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['usable_cores']} cores, load {machine['load']}")
    print(f"{'':44s} {'median':>9s}  {'90 %':>9s}")
    show("service", alone[1:])
    with Server(explorer) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        program = shutil.which("chromium")
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(server.url)
        wait(page, "Boolean(window.explorer && window.explorer.sweeps)")
        page.evaluate("window.explorer.milliseconds = []; window.explorer.complete = []; 0")
        slider = page.locator("[data-name='serum.Mg'] input[type=range]")
        for k in range(moves):
            slider.fill(f"{0.7 + 0.02 * k:.2f}")
            wait(page, f"window.explorer.complete.length > {k}")
        show("move to numbers and curve of T50", page.evaluate("window.explorer.milliseconds"))
        show("move to every plot in sight", page.evaluate("window.explorer.complete"))
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
