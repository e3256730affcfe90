// The plots of the page, drawn with Plotly; colours and dashes come from the figures of the package.
const TIME = ["light", "solids", "saturation", "radius", "number", "dissolved"];
const MARGIN = { l: 56, r: 14, t: 8, b: 40 };
const PALE = 0.45, FAT = 2.2, THIN = 1.3;
const DARKER = { "#000000": "#f2f2f2", "#0072B2": "#4fa8e0", "#777777": "#a8a8a8" };
const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  toImageButtonOptions: { format: "svg", filename: "calcikin" },
};

export class Plots {
  constructor(about, figures) {
    this.look = about.look;
    this.divs = new Map();
    this.seen = new Set();
    this.stale = new Set();
    this.logarithmic = false;
    this.linking = false;
    this.watch = new IntersectionObserver((entries) => this.#scrolled(entries), { rootMargin: "120px" });
    for (const figure of figures) {
      const div = figure.querySelector("div");
      this.#key(figure);
      div.dataset.plot = figure.dataset.plot;
      this.divs.set(figure.dataset.plot, div);
      this.watch.observe(div);
    }
    this.theme();
  }

  // The key of a plot, in its heading: drawn once, so that a move of a slider need not draw it again.
  #key(figure) {
    const { light, crystals, grey, phases, dissolved, saturation } = this.look;
    const bySolid = Object.entries(saturation).map(([phase, solid]) => [phase, phases[solid]]);
    const lines = {
      light: { light: { colour: light, dash: "solid" }, crystalline: { colour: crystals, dash: "14px,4px" } },
      solids: phases, radius: phases, number: phases, saturation: Object.fromEntries(bySolid),
      dissolved: { ...dissolved, pH: { colour: grey, dash: "3px,3px" } },
    }[figure.dataset.plot];
    if (!lines) return;
    const key = document.createElement("span");
    key.className = "key";
    for (const [name, stroke] of Object.entries(lines)) {
      const dash = stroke.dash === "solid" ? "" : ` stroke-dasharray="${stroke.dash.replaceAll("px", "")}"`;
      const item = document.createElement("span");
      item.innerHTML = `<svg width="26" height="8"><line x1="0" x2="26" y1="4" y2="4" stroke-width="2.4" `
        + `stroke="${stroke.colour}" data-colour="${stroke.colour}"${dash}/></svg>`;
      item.append(name);
      key.append(item);
    }
    figure.querySelector("figcaption").append(key);
  }

  theme() {
    const style = getComputedStyle(document.documentElement);
    const take = (name) => style.getPropertyValue(name).trim();
    this.ink = take("--ink");
    this.soft = take("--soft");
    this.line = take("--line");
    this.card = take("--card");
    this.dark = document.documentElement.dataset.theme === "dark";
    for (const line of document.querySelectorAll(".key line")) {
      line.setAttribute("stroke", this.#colour(line.dataset.colour));
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
    const div = this.divs.get(name);
    if (!now || (name === "sweep" && !now.sweep)) return;
    if (!this.seen.has(name)) { this.stale.add(name); return; }
    this.stale.delete(name);
    const [data, layout] = this[`_${name}`](now, kept);
    Plotly.react(div, data, { ...this.#frame(), ...layout }, CONFIG);
    if (!div.dataset.linked && TIME.includes(name)) this.#link(div);
  }

  #scrolled(entries) {
    for (const entry of entries) {
      const name = entry.target.dataset.plot;
      if (entry.isIntersecting) this.seen.add(name); else this.seen.delete(name);
      if (entry.isIntersecting && this.stale.has(name)) this.draw(name, this.now, this.kept);
    }
  }

  // A time under the pointer, or a stretch of time that is zoomed to, is the same in every plot.
  #link(div) {
    div.dataset.linked = "1";
    const others = () => TIME.map((n) => this.divs.get(n)).filter((d) => d !== div && d.dataset.linked);
    div.on("plotly_hover", (event) => {
      if (this.linking || !event.points.length) return;
      this.linking = true;
      const at = event.points[0].x;
      for (const other of others()) {
        Plotly.Fx.hover(other, { xval: at, yval: 0 }, ["xy"]);
      }
      this.linking = false;
    });
    div.on("plotly_unhover", () => others().forEach((other) => Plotly.Fx.unhover(other)));
    div.on("plotly_relayout", (change) => {
      if (this.linking) return;
      const [low, high] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (low === undefined && !change["xaxis.autorange"]) return;
      this.linking = true;
      this.range = low === undefined ? "all" : [low, high];
      const wanted = low === undefined ? { "xaxis.autorange": true } : { "xaxis.range": [low, high] };
      Promise.all(others().map((other) => Plotly.relayout(other, wanted)))
        .finally(() => { this.linking = false; });
    });
  }

  #colour(colour) {
    return this.dark ? DARKER[colour] || colour : colour;
  }

  #frame() {
    return {
      margin: MARGIN,
      paper_bgcolor: this.card,
      plot_bgcolor: this.card,
      font: { size: 12, color: this.ink },
      hovermode: "x unified",
      hoverlabel: { bgcolor: this.card, bordercolor: this.line, font: { color: this.ink, size: 11 } },
      showlegend: false,
      uirevision: `${this.logarithmic}`,
    };
  }

  #axis(title, more = {}) {
    // labels that need not be measured: half of the time that an axis takes otherwise
    return {
      title: { text: title, font: { size: 12 } },
      gridcolor: this.line, zerolinecolor: this.line, linecolor: this.soft,
      exponentformat: "power", tickangle: 0, ticklabeloverflow: "allow", ...more,
    };
  }

  #time(now) {
    const title = "time [min]", hoverformat = ".4~g";
    if (this.logarithmic) {
      return this.#axis(title, { type: "log", range: this.#fixed([-1.5, Math.log10(now.time.at(-1))]), dtick: 1, hoverformat });
    }
    return this.#axis(title, { type: "linear", hoverformat, range: this.#fixed([0, now.shown_min]) });
  }

  #fixed(range) {
    return Array.isArray(this.range) ? this.range : range;
  }

  // One line per name; the kept composition beneath it, pale and thin.
  #lines(now, kept, prefix, strokes, format) {
    const data = [];
    for (const [who, answer] of [["kept", kept], ["now", now]]) {
      if (!answer) continue;
      for (const [name, stroke] of Object.entries(strokes)) {
        const y = answer.series[prefix ? `${prefix} ${name}` : name];
        if (!y || y.every((v) => v === null || v === 0)) continue;
        data.push({
          x: answer.time, y, name: who === "kept" ? `${name}, kept` : name, mode: "lines",
          opacity: who === "kept" ? PALE : 1,
          line: { color: this.#colour(stroke.colour), dash: stroke.dash, width: who === "kept" ? THIN : FAT },
          hovertemplate: `%{y:${format}}`,
        });
      }
    }
    return data;
  }

  #vertical(x, colour, dash, words, more = {}) {
    const line = { type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: colour, dash, width: 1.5 } };
    const at = this.logarithmic && !more.plain ? Math.log10(x) : x;
    const note = {
      x: at, yref: "paper", y: 0.84, text: words, showarrow: false, font: { size: 12, color: this.ink },
      xanchor: more.anchor || "left", yanchor: "top", bgcolor: this.card, borderpad: 1,
    };
    return [line, note];
  }

  _light(now, kept) {
    const look = this.look;
    const data = this.#lines(now, kept, "", { light: { colour: look.light, dash: "solid" } }, ".3s");
    const share = this.#lines(now, kept, "", { crystalline: { colour: look.crystals, dash: "14px,4px" } }, ".3f");
    for (const trace of share) trace.yaxis = "y2";
    const shapes = [], annotations = [];
    const mark = this.#colour(look.t50);
    if (now.numbers.t50) {
      const late = now.numbers.t50 > 0.7 * now.shown_min;
      const [line, note] = this.#vertical(now.numbers.t50, mark, "solid", `T50 ${now.numbers.t50.toFixed(0)} min`, { anchor: late ? "right" : "left" });
      shapes.push(line);
      annotations.push(note);
    }
    if (kept && kept.numbers.t50) shapes.push({ ...this.#vertical(kept.numbers.t50, mark, "dot", "")[0], opacity: 0.6 });
    if (now.window_min && now.window_min < now.shown_min) {
      shapes.push(this.#vertical(now.window_min, this.soft, "dash", "")[0]);
    }
    return [[...data, ...share], {
      xaxis: this.#time(now), yaxis: this.#axis("scattered light", { rangemode: "tozero" }),
      yaxis2: this.#axis("crystalline", { overlaying: "y", side: "right", range: [0, 1.12], showgrid: false, tickmode: "array", tickvals: [0, 0.5, 1] }),
      margin: { ...MARGIN, r: 50 }, shapes, annotations,
    }];
  }

  _solids(now, kept) {
    const data = this.#lines(now, kept, "solid", this.look.phases, ".3g");
    return [data, { xaxis: this.#time(now), yaxis: this.#axis("as Ca [mmol/L]", { rangemode: "tozero" }) }];
  }

  _radius(now, kept) {
    const data = this.#lines(now, kept, "radius", this.look.phases, ".3g");
    return [data, { xaxis: this.#time(now), yaxis: this.#axis("radius [nm]", { type: "log", dtick: 1 }) }];
  }

  _number(now, kept) {
    const data = this.#lines(now, kept, "number", this.look.phases, ".2e");
    const top = Math.max(...data.flatMap((t) => t.y.filter((v) => v !== null)), 10);
    const range = [Math.max(0, Math.log10(top) - 8), Math.log10(top) + 0.4];
    return [data, { xaxis: this.#time(now), yaxis: this.#axis("cores [1/L]", { type: "log", dtick: 2, range }) }];
  }

  _saturation(now, kept) {
    const strokes = {};
    for (const [phase, solid] of Object.entries(this.look.saturation)) strokes[phase] = this.look.phases[solid];
    const data = this.#lines(now, kept, "SI", strokes, ".2f");
    const zero = { type: "line", xref: "paper", x0: 0, x1: 1, y0: 0, y1: 0, line: { color: this.soft, width: 1.5 } };
    return [data, { xaxis: this.#time(now), yaxis: this.#axis("SI, log10"), shapes: [zero] }];
  }

  _dissolved(now, kept) {
    const data = this.#lines(now, kept, "dissolved", this.look.dissolved, ".3g");
    const acid = this.#lines(now, kept, "", { pH: { colour: this.look.grey, dash: "3px,3px" } }, ".2f");
    for (const trace of acid) trace.yaxis = "y2";
    return [[...data, ...acid], {
      xaxis: this.#time(now), yaxis: this.#axis("dissolved [mmol/L]", { rangemode: "tozero" }),
      yaxis2: this.#axis("pH", { overlaying: "y", side: "right", showgrid: false, tickmode: "auto", nticks: 5 }),
      margin: { ...MARGIN, r: 50 },
    }];
  }

  _sweep(now, kept) {
    const data = [];
    for (const [who, answer] of [["kept", kept], ["now", now]]) {
      if (!answer || !answer.sweep) continue;
      const s = answer.sweep;
      const stroke = { dash: who === "kept" ? "dot" : "solid", width: who === "kept" ? THIN : FAT };
      const flat = s.t50.every((v) => v === null);
      data.push({
        x: s.x, y: flat ? s.crystalline : s.t50, name: who, mode: "lines+markers",
        opacity: who === "kept" ? PALE : 1, marker: { size: 4 },
        line: { color: this.#colour(this.look.light), ...stroke }, hovertemplate: "%{y:.3g}",
      });
    }
    const s = now.sweep;
    const flat = s.t50.every((v) => v === null);
    const shapes = [this.#vertical(s.here, this.soft, "dot", "", { plain: true })[0]];
    const annotations = [{ x: s.here, yref: "paper", y: 0.02, text: "here", showarrow: false,
      font: { size: 11, color: this.soft }, xanchor: "left", yanchor: "bottom" }];
    const threshold = s.threshold.x;
    if (threshold !== null) {
      const high = threshold > 0.5 * s.x.at(-1);
      const [line, note] = this.#vertical(threshold, this.#colour(this.look.crystals), "dash",
        `${threshold.toPrecision(3)}: ${s.threshold.words}`, { anchor: high ? "right" : "left", plain: true });
      shapes.push(line);
      annotations.push({ ...note, y: 1.0, yanchor: "bottom" });
    }
    const words = flat ? "crystalline share at the end" : "T50 [min]";
    return [data, {
      xaxis: this.#axis(`${s.over} [${s.unit}]`), yaxis: this.#axis(words, { rangemode: "tozero" }),
      shapes, annotations, margin: { ...MARGIN, t: 22 },
    }];
  }

  _flows(now) {
    const names = [...new Set(now.flows.flatMap(([a, b]) => [a, b]))];
    const phases = this.look.phases;
    const colour = (name) => this.#colour((phases[name] || { colour: this.look.grey }).colour);
    const short = (name) => (name.endsWith("after CPP2") ? "" : name.replace(/^in solution.*/, "solution"));
    const fade = (hex) => `${hex}66`;
    const data = [{
      type: "sankey", arrangement: "snap", orientation: "h", valuesuffix: " mmol/L Ca", valueformat: ".3g",
      node: { label: names.map(short), color: names.map(colour), pad: 14, thickness: 14, line: { width: 0 },
        hovertemplate: "%{label}: %{value}<extra></extra>" },
      link: {
        source: now.flows.map((f) => names.indexOf(f[0])), target: now.flows.map((f) => names.indexOf(f[1])),
        value: now.flows.map((f) => f[2]),
        color: now.flows.map(([a, b]) => fade(colour(phases[b] ? b : a))),
        hovertemplate: "%{source.label} → %{target.label}: %{value}<extra></extra>",
      },
      textfont: { color: this.ink, size: 12, shadow: "none" },
    }];
    const nothing = { text: "an open system: calcium comes and goes", showarrow: false, font: { color: this.soft } };
    const axes = { xaxis: { visible: false }, yaxis: { visible: false } };
    return now.flows.length
      ? [data, { margin: { l: 8, r: 8, t: 10, b: 10 }, hovermode: "closest" }]
      : [[], { ...axes, annotations: [nothing] }];
  }
}
