// The controls of the page: what is asked, when, and what is done with the answer.
//
// One run is under way at a time. While it is, only the latest composition is remembered, so moves of
// a slider never queue. The sweep follows when the composition has rested.
import { Plots } from "/plots.js";

const page = Math.random().toString(36).slice(2);
const REST_MS = 350; // before the sweep is asked for: longer than the pauses within a drag
const BUSY_MS = 400; // before the page says that it computes

const byId = (id) => document.getElementById(id);
const state = { preset: "", values: {}, off: [], baseline: {} };
let about, plots, now = null, kept = null, wrong = "";
let running = false, dirty = false, number = 0, rest = 0, asked = 0;
// Read by the tests and the benchmark: milliseconds from a move to the numbers with the curve of T50,
// and until every plot in sight is drawn.
window.explorer = { runs: 0, sweeps: 0, stale: 0, drawn: 0, milliseconds: [], complete: [] };

async function post(path, extra = {}) {
  const body = { preset: state.preset, values: state.values, off: state.off, page, ...extra };
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

function changed(at = performance.now()) {
  asked = at;
  dirty = true;
  clearTimeout(rest);
  if (!running) run();
}

async function run() {
  running = true;
  const busy = setTimeout(() => { byId("busy").hidden = false; }, BUSY_MS);
  let reply = send();
  while (reply) {
    const since = asked;
    let said = null;
    try {
      said = await reply;
    } catch (trouble) {
      said = { error: { what: "The program does not answer. Is 'calcikin app' still running?" } };
      dirty = false;
    }
    reply = dirty ? send() : null; // computed while this one is drawn
    if (said.error) complain(said.error);
    else if (said.stale) window.explorer.stale += 1;
    else {
      plots.done = () => window.explorer.complete.push(performance.now() - since);
      show(said);
      window.explorer.milliseconds.push(performance.now() - since);
      window.explorer.runs += 1;
    }
    reply ??= dirty ? send() : null;
  }
  clearTimeout(busy);
  byId("busy").hidden = true;
  running = false;
  if (!wrong) rest = setTimeout(sweep, REST_MS);
}

async function send() {
  dirty = false;
  const reply = await post("/api/run", { number: ++number });
  return reply.json();
}

async function sweep() {
  try {
    const reply = await post("/api/sweep", { number: ++number });
    if (!reply.ok) return;
    const said = (await reply.json()).sweep;
    if (running || dirty) return;
    now.sweep = said;
    window.explorer.sweeps += 1;
    headline();
    plots.draw("sweep", now, kept);
  } catch (trouble) { /* the next run says it */ }
}

function show(said) {
  complain(null);
  const sweepBefore = now && now.sweep;
  now = { ...said, sweep: sweepBefore };
  for (const slider of about.sliders) fill(slider, said.values[slider.name]);
  byId("command").value = said.command;
  headline();
  plots.update(now, kept);
  if (kept) compare();
  window.explorer.drawn += 1;
}

function text(value, unit = "", digits = 3) {
  if (value === null || value === undefined) return "none";
  const shown = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
  return unit ? `${shown} ${unit}` : shown;
}

function headline() {
  const n = now.numbers;
  const before = (key) => (kept && kept.numbers[key] !== null ? ` <i>kept ${text(kept.numbers[key])}</i>` : "");
  byId("t50").innerHTML = text(n.t50, "min") + before("t50");
  byId("t50_crystalline").innerHTML = text(n.t50_crystalline, "min") + before("t50_crystalline");
  byId("radii").textContent = `${text(n.rh_cpp1)} / ${text(n.rh_cpp2)} nm`;
  byId("ionised").textContent = `${text(n.ionised_Ca)} / ${text(n.ionised_Mg)} mmol/L`;
  const sweep = now.sweep;
  byId("threshold").textContent = !sweep ? "…"
    : sweep.threshold.x === null ? "not crossed" : text(sweep.threshold.x, sweep.unit);
}

function complain(error) {
  wrong = error ? error.field || "?" : "";
  document.body.classList.toggle("stale", Boolean(error));
  for (const row of document.querySelectorAll(".slider")) {
    const mine = Boolean(error) && row.dataset.name === error.field;
    row.classList.toggle("wrong", mine);
    const said = row.querySelector(".said");
    said.textContent = mine ? [error.what, error.hint].filter(Boolean).join(". ") : "";
    row.querySelector(".entry").setAttribute("aria-invalid", mine);
  }
  const box = byId("problem");
  box.hidden = !error;
  if (!error) return;
  const kind = about && about.sliders.some((s) => s.name === error.field)
    ? `${error.field} cannot be used.` : [error.what, error.hint].filter(Boolean).join(". ");
  box.textContent = now ? `${kind} The plots show the last composition that could be run.` : kind;
}

function fill(slider, value) {
  const row = slider.row;
  const entry = row.querySelector(".entry");
  const range = row.querySelector("input[type=range]");
  const same = Math.abs(value - state.baseline[slider.name]) <= 1e-9 * Math.abs(value);
  row.classList.toggle("changed", !same);
  if (document.activeElement !== range) range.value = value;
  if (document.activeElement !== entry || entry.dataset.done) {
    entry.value = Number(value.toPrecision(4));
    delete entry.dataset.done;
  }
}

function sliderRow(slider) {
  const row = document.createElement("div");
  row.className = "slider";
  row.dataset.name = slider.name;
  row.innerHTML = '<label></label><input type="range"><input class="entry" type="text" '
    + 'inputmode="decimal" autocomplete="off"><span class="unit"></span><span class="said"></span>';
  const [label, range, entry, unit] = row.children;
  label.textContent = slider.label;
  label.htmlFor = `range-${slider.name}`;
  range.id = `range-${slider.name}`;
  Object.assign(range, { min: slider.low, max: slider.high, step: slider.step });
  entry.setAttribute("aria-label", `${slider.label}, typed; another unit may follow the number`);
  entry.title = `${slider.window[0]} to ${slider.window[1]} ${slider.unit}; another unit may follow the number`;
  unit.textContent = slider.unit.replace("umol", "µmol").replace("degC", "°C");
  range.addEventListener("input", (event) => {
    state.values[slider.name] = range.value;
    entry.value = range.value;
    changed(event.timeStamp);
  });
  entry.addEventListener("change", () => {
    entry.dataset.done = "1";
    state.values[slider.name] = entry.value;
    changed();
  });
  label.addEventListener("dblclick", () => { delete state.values[slider.name]; changed(); });
  slider.row = row;
  return row;
}

function choose(preset) {
  const found = about.presets.find((p) => p.name === preset);
  state.preset = preset;
  state.values = {};
  state.baseline = found ? found.values : about.values;
  changed();
}

function compare() {
  const rows = [];
  for (const [name, [title, unit]] of Object.entries(about.readouts)) {
    if (!(name in now.numbers) || name === "balance_error") continue;
    const pair = [now.numbers[name], kept.numbers[name]];
    rows.push([title, unit === "1" ? "" : unit, ...pair]);
  }
  for (const slider of about.sliders) {
    const pair = [now.values[slider.name], kept.values[slider.name]];
    if (pair[0] !== pair[1]) rows.unshift([slider.name, slider.unit, ...pair]);
  }
  const table = document.createElement("table");
  table.innerHTML = "<thead><tr><th></th><th>now</th><th>kept</th><th>difference</th></tr></thead>";
  const body = table.createTBody();
  for (const [title, unit, a, b] of rows) {
    const row = body.insertRow();
    const head = document.createElement("th");
    head.textContent = unit ? `${title} [${unit}]` : title;
    row.append(head);
    const gap = a === null || b === null ? null : a - b;
    for (const value of [a, b, gap]) row.insertCell().textContent = value === null ? "–" : text(value, "", 4);
  }
  byId("comparison").querySelector("table").replaceWith(table);
}

function keep(other) {
  kept = other;
  byId("comparison").hidden = !kept;
  byId("swap").hidden = byId("forget").hidden = !kept;
  headline();
  plots.update(now, kept);
  plots.draw("sweep", now, kept);
  if (kept) compare();
}

function asState() {
  return { preset: state.preset, values: { ...state.values }, off: [...state.off], baseline: state.baseline };
}

function restore(other) {
  Object.assign(state, other);
  byId("preset").value = state.preset;
  for (const box of document.querySelectorAll(".switch input")) {
    box.checked = !state.off.includes(box.dataset.name);
  }
}

async function download(kind, button) {
  button.disabled = true;
  try {
    const reply = await post("/api/file", { kind });
    if (!reply.ok) { complain((await reply.json()).error); return; }
    const name = /filename="([^"]+)"/.exec(reply.headers.get("Content-Disposition"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await reply.blob());
    link.download = name ? name[1] : "run";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } finally {
    button.disabled = false;
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  if (plots) { plots.theme(); if (now) { plots.update(now, kept); plots.draw("sweep", now, kept); } }
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
  about = await (await fetch("/api/model")).json();
  byId("title").textContent = about.title;
  byId("about").textContent = `${about.description}. ${about.source}. calcikin ${about.version}.`;
  for (const preset of about.presets) byId("preset").add(new Option(preset.title, preset.name));
  byId("preset").closest(".row").hidden = about.presets.length === 0;
  for (const slider of about.sliders) byId(slider.first ? "first" : "rest").append(sliderRow(slider));
  byId("more").hidden = about.sliders.every((s) => s.first);
  for (const mechanism of about.switches) {
    const label = document.createElement("label");
    label.className = "switch";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: mechanism.on });
    box.dataset.name = mechanism.name;
    box.addEventListener("change", () => {
      state.off = [...document.querySelectorAll(".switch input:not(:checked)")].map((b) => b.dataset.name);
      changed();
    });
    label.append(box, mechanism.title);
    byId("switches").append(label);
  }
  state.off = about.switches.filter((s) => !s.on).map((s) => s.name);
  const offAtStart = [...state.off];
  if (matchMedia("(max-width: 50rem)").matches) byId("mechanisms").open = false;
  plots = new Plots(about, document.querySelectorAll("figure[data-plot]"));
  byId("preset").addEventListener("change", (event) => choose(event.target.value));
  byId("keep").addEventListener("click", () => now && keep({ ...now, state: asState() }));
  byId("forget").addEventListener("click", () => keep(null));
  byId("swap").addEventListener("click", () => {
    const other = kept;
    keep({ ...now, state: asState() });
    restore(other.state);
    changed();
  });
  byId("reset").addEventListener("click", () => {
    restore({ preset: about.preset, off: [...offAtStart] });
    choose(about.preset);
  });
  byId("logtime").addEventListener("change", (event) => {
    plots.logarithmic = event.target.checked;
    plots.update(now, kept);
  });
  for (const button of document.querySelectorAll("#files button")) {
    button.addEventListener("click", () => download(button.dataset.kind, button));
  }
  byId("copy").addEventListener("click", async () => {
    byId("command").select();
    await navigator.clipboard.writeText(byId("command").value);
  });
  byId("preset").value = about.preset;
  choose(about.preset);
}

start();
