// The plots of the page: which curves and marks they have. Colours and dashes come from the figures
// of the package; `lines.js` and `flows.js` draw.
import { drawFlows } from "/flows.js";
import { Lines, short } from "/lines.js";

const TIME = ["light", "solids", "saturation", "radius", "number", "dissolved"];
const PALE = 0.45, FAT = 2.2, THIN = 1.3;
const DARKER = { "#000000": "#f2f2f2", "#0072B2": "#4fa8e0", "#777777": "#a8a8a8" };
const CRYSTALS = "14px,4px", ACIDITY = "3px,3px";

export class Plots {
  constructor(about, figures) {
    this.look = about.look;
    this.divs = new Map();
    this.labels = new Map();
    this.drawn = new Map();
    this.seen = new Set();
    this.stale = new Set();
    this.logarithmic = false;
    this.range = null; // a stretch of time that was chosen, the same in every plot
    this.watch = new IntersectionObserver((entries) => this.#scrolled(entries), { rootMargin: "120px" });
    this.resize = new ResizeObserver((entries) => this.#resized(entries));
    for (const figure of figures) {
      const div = figure.querySelector("div"), name = figure.dataset.plot;
      this.labels.set(name, figure.querySelector("figcaption").textContent);
      this.#key(figure);
      this.#save(figure, name);
      div.dataset.plot = name;
      this.divs.set(name, div);
      if (name !== "flows") this.drawn.set(name, new Lines(div, this.#told(name)));
      this.watch.observe(div);
      this.resize.observe(div);
    }
    this.theme();
  }

  // The key of a plot, in its heading: drawn once, so that a move of a slider need not draw it again.
  #key(figure) {
    const { light, crystals, grey, phases, dissolved, saturation } = this.look;
    const bySolid = Object.entries(saturation).map(([phase, solid]) => [phase, phases[solid]]);
    const lines = {
      light: { light: { colour: light, dash: "solid" }, crystalline: { colour: crystals, dash: CRYSTALS } },
      solids: phases, radius: phases, number: phases, saturation: Object.fromEntries(bySolid),
      dissolved: { ...dissolved, pH: { colour: grey, dash: ACIDITY } },
    }[figure.dataset.plot];
    const key = document.createElement("span");
    key.className = "key";
    for (const [name, stroke] of Object.entries(lines || {})) {
      const dash = stroke.dash === "solid" ? "" : ` stroke-dasharray="${stroke.dash.replaceAll("px", "")}"`;
      const item = document.createElement("span");
      item.innerHTML = `<svg width="26" height="8"><line x1="0" x2="26" y1="4" y2="4" stroke-width="2.4" `
        + `stroke="${stroke.colour}" data-colour="${stroke.colour}"${dash}/></svg>`;
      item.append(name);
      key.append(item);
    }
    figure.querySelector("figcaption").append(key);
  }

  // A button that saves what is seen as an SVG file.
  #save(figure, name) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "save", textContent: "↓", title: "Save this plot as SVG" });
    button.setAttribute("aria-label", `Save as SVG: ${this.labels.get(name)}`);
    button.addEventListener("click", () => {
      const picture = figure.querySelector("div > svg");
      if (!picture) return;
      const copy = picture.cloneNode(true);
      copy.querySelector(".cursor")?.remove();
      copy.style.background = this.card;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
      link.download = `calcikin-${name}.svg`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
    figure.append(button);
  }

  // What a plot tells the others: the time under the pointer, and a stretch of time that was chosen.
  #told(name) {
    const linked = () => (TIME.includes(name) ? TIME : [name]).map((n) => this.drawn.get(n)).filter((p) => p?.axes);
    return {
      hover: (value) => linked().forEach((plot) => plot.point(value)),
      zoom: (range) => {
        if (!TIME.includes(name)) return;
        this.range = range || (this.#whole() ? null : "all");
        this.update(this.now, this.kept);
      },
    };
  }

  #whole() { return this.range === "all"; }

  theme() {
    const style = getComputedStyle(document.documentElement);
    const take = (name) => style.getPropertyValue(name).trim();
    const [ink, soft, line, card] = ["--ink", "--soft", "--line", "--card"].map(take);
    this.card = card;
    this.style = { ink, soft, line, card };
    this.dark = document.documentElement.dataset.theme === "dark";
    for (const stroke of document.querySelectorAll(".key line")) {
      stroke.setAttribute("stroke", this.#colour(stroke.dataset.colour));
    }
  }

  // Draw the curve of T50 now, and in the next turn of the browser whatever else can be seen, all at
  // once, because each turn may end in a picture of the whole page; the rest is drawn when it comes
  // into sight.
  update(now, kept) {
    this.now = now;
    this.kept = kept;
    for (const name of this.divs.keys()) if (name !== "sweep") this.stale.add(name);
    this.draw("light", now, kept);
    if (!this.waiting) this.#later();
  }

  #later() {
    this.waiting = true;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      this.waiting = false;
      for (const name of [...this.stale]) if (this.seen.has(name)) this.draw(name, this.now, this.kept);
      this.done?.();
    };
    port2.postMessage(0);
  }

  draw(name, now, kept) {
    this.now = now;
    this.kept = kept;
    if (!now || (name === "sweep" && !now.sweep)) return;
    if (!this.seen.has(name)) { this.stale.add(name); return; }
    this.stale.delete(name);
    if (name === "flows") { this.#flows(now, kept); return; }
    const spec = { label: this.labels.get(name), ...this[`_${name}`](now, kept) };
    this.drawn.get(name).draw(spec, this.style);
    this.divs.get(name).spec = spec; // read by the tests
  }

  #scrolled(entries) {
    for (const entry of entries) {
      const name = entry.target.dataset.plot;
      if (entry.isIntersecting) this.seen.add(name); else this.seen.delete(name);
      if (entry.isIntersecting && this.stale.has(name)) this.draw(name, this.now, this.kept);
    }
  }

  #resized(entries) {
    for (const entry of entries) if (this.now) this.draw(entry.target.dataset.plot, this.now, this.kept);
  }

  #colour(colour) {
    return this.dark ? DARKER[colour] || colour : colour;
  }

  #time(now) {
    const end = now.time.at(-1);
    const axis = { title: this.logarithmic ? "time [min], logarithmic" : "time [min]", unit: "min", log: this.logarithmic };
    if (Array.isArray(this.range)) return { ...axis, range: this.range };
    if (this.logarithmic) return { ...axis, range: [0.03, end] };
    return { ...axis, range: [0, this.#whole() ? end : now.shown_min] };
  }

  // One line per name; the kept composition beneath it, pale and thin.
  #lines(now, kept, prefix, strokes, more = {}) {
    const lines = [];
    for (const [who, answer] of [["kept", kept], ["now", now]]) {
      if (!answer) continue;
      const old = who === "kept";
      for (const [name, stroke] of Object.entries(strokes)) {
        const y = answer.series[prefix ? `${prefix} ${name}` : name];
        if (!y || y.every((v) => v === null || v === 0)) continue;
        lines.push({
          x: answer.time, y, name: old ? `${name}, kept` : name, dash: stroke.dash, colour: this.#colour(stroke.colour),
          opacity: old ? PALE : 1, width: old ? THIN : FAT, ...more,
        });
      }
    }
    return lines;
  }

  _light(now, kept) {
    const look = this.look, colour = this.#colour(look.t50);
    const marks = [];
    if (now.window_min && now.window_min < now.shown_min) {
      marks.push({ x: now.window_min, colour: this.style.soft, dash: "7 5" });
    }
    if (kept && kept.numbers.t50) marks.push({ x: kept.numbers.t50, colour, dash: "2 3", opacity: 0.6 });
    // later than T50 both curves are in the upper half: the words have room below
    if (now.numbers.t50) marks.push({ x: now.numbers.t50, colour, words: `T50 ${now.numbers.t50.toFixed(0)} min`, place: 0.93 });
    return {
      x: this.#time(now), y: { title: "scattered light", zero: true },
      right: { title: "crystalline", range: [0, 1.12], ticks: [0, 0.5, 1] }, marks,
      lines: [
        ...this.#lines(now, kept, "", { light: { colour: look.light, dash: "solid" } }),
        ...this.#lines(now, kept, "", { crystalline: { colour: look.crystals, dash: CRYSTALS } }, { right: true }),
      ],
    };
  }

  _solids(now, kept) {
    return {
      x: this.#time(now), y: { title: "as Ca [mmol/L]", zero: true },
      lines: this.#lines(now, kept, "solid", this.look.phases),
    };
  }

  _radius(now, kept) {
    return {
      x: this.#time(now), y: { title: "radius [nm]", log: true },
      lines: this.#lines(now, kept, "radius", this.look.phases),
    };
  }

  _number(now, kept) {
    const lines = this.#lines(now, kept, "number", this.look.phases);
    const top = Math.max(...lines.flatMap((line) => line.y.filter((v) => v !== null)), 10);
    const range = [Math.max(1, top / 1e8), top * 2.5];
    return { x: this.#time(now), y: { title: "cores [1/L]", log: true, range }, lines };
  }

  _saturation(now, kept) {
    const strokes = {};
    for (const [phase, solid] of Object.entries(this.look.saturation)) strokes[phase] = this.look.phases[solid];
    return {
      x: this.#time(now), y: { title: "SI, log10", zero: true }, marks: [{ y: 0, colour: this.style.soft }],
      lines: this.#lines(now, kept, "SI", strokes),
    };
  }

  _dissolved(now, kept) {
    const acid = { pH: { colour: this.look.grey, dash: ACIDITY } };
    return {
      x: this.#time(now), y: { title: "dissolved [mmol/L]", zero: true }, right: { title: "pH" },
      lines: [
        ...this.#lines(now, kept, "dissolved", this.look.dissolved),
        ...this.#lines(now, kept, "", acid, { right: true, digits: 4 }),
      ],
    };
  }

  _sweep(now, kept) {
    const s = now.sweep, flat = s.t50.every((v) => v === null), lines = [];
    for (const [who, answer] of [["kept", kept], ["now", now]]) {
      if (!answer || !answer.sweep) continue;
      const old = who === "kept";
      lines.push({
        x: answer.sweep.x, y: flat ? answer.sweep.crystalline : answer.sweep.t50, name: old ? "kept" : "now", dots: true,
        colour: this.#colour(this.look.light), dash: old ? "3,3" : "solid", opacity: old ? PALE : 1, width: old ? THIN : FAT,
      });
    }
    const marks = [{ x: s.here, colour: this.style.soft, dash: "2 3", words: "here", place: 0.96, faint: true }];
    if (s.threshold.x !== null) {
      const words = `${short(s.threshold.x)}: ${s.threshold.words}`;
      marks.push({ x: s.threshold.x, colour: this.#colour(this.look.crystals), dash: "7 5", words, place: -1 });
    }
    // where the threshold is near the start, the rest of the range says nothing
    const last = s.threshold.x === null ? s.x.at(-1) : Math.max(2.5 * s.threshold.x, 1.2 * s.here);
    const ends = [s.x[0], Math.min(s.x.at(-1), last)];
    return {
      x: { title: `${s.over} [${s.unit}]`, unit: s.unit, range: [ends[0], ends[1] + 0.02 * (ends[1] - ends[0])] },
      y: { title: flat ? "crystalline share at the end" : "T50 [min]", zero: true }, lines, marks, top: 24,
    };
  }

  #flows(now, kept) {
    const phases = this.look.phases;
    const style = {
      ...this.style,
      colour: (name) => this.#colour((phases[name] || { colour: this.look.grey }).colour),
      solid: (name) => name in phases,
      short: (name) => (name.endsWith("after CPP2") ? "" : name.replace(/^in solution.*/, "solution")),
    };
    const div = this.divs.get("flows");
    const runs = [{ title: "now", flows: now.flows, opacity: 1 }];
    if (kept && kept.flows.length) runs.push({ title: "kept", flows: kept.flows, opacity: 0.6 });
    div.spec = { runs };
    if (now.flows.length) { drawFlows(div, runs, style, this.labels.get("flows")); return; }
    div.innerHTML = '<p class="nothing">an open system: calcium comes and goes</p>';
  }
}
