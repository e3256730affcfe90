// A plot of curves, as SVG that is written anew as a whole: that takes a millisecond or two, so that
// every plot in sight can follow a slider.
//
// What is drawn is plain data: { x, y, right: axes; lines; marks }. An axis has a title and may have
// `log`, `range`, `zero` (begin at zero) and `ticks`. A line has x, y (null where there is nothing),
// colour, dash, width, opacity, name, digits, and may belong to the axis at the `right`. A mark is a
// straight line at an x or a y, with words where it has some.
const NARROW = { left: 54, right: 12, top: 10, bottom: 38 };
const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
const SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const finite = (value) => value !== null && Number.isFinite(value);

export function decade(n) {
  return `10${n < 0 ? "⁻" : ""}${[...String(Math.abs(n))].map((d) => SUPER[d]).join("")}`;
}

// A number with so many digits, short: 0.00123, 45.6, 1230, 1.2·10¹⁵.
export function short(value, digits = 3) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const n = Math.floor(Math.log10(size));
    return `${Number((value / 10 ** n).toPrecision(2))}·${decade(n)}`;
  }
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
}

class Axis {
  constructor(spec, values, from, to) {
    this.spec = spec;
    this.log = Boolean(spec.log);
    this.from = from;
    this.to = to;
    [this.low, this.high] = spec.range || this.#around(values);
    if (this.log) [this.low, this.high] = [Math.log10(this.low), Math.log10(this.high)];
  }

  // The range of the values, with some room; in place of no values at all, 0 to 1.
  #around(values) {
    const good = values.filter((v) => finite(v) && (!this.log || v > 0));
    let low = Math.min(...good), high = Math.max(...good);
    if (!good.length) [low, high] = this.log ? [1, 10] : [0, 1];
    if (this.log) return low === high ? [low / 2, high * 2] : [low * (low / high) ** 0.04, high * (high / low) ** 0.04];
    if (this.spec.zero) low = Math.min(low, 0);
    const room = 0.05 * (high - low) || 0.05 * Math.abs(high) || 1;
    return [this.spec.zero && low === 0 ? 0 : low - room, high + room];
  }

  at(value) {
    const v = this.log ? Math.log10(value) : value;
    return this.from + ((v - this.low) / (this.high - this.low)) * (this.to - this.from);
  }

  value(pixel) {
    const v = this.low + ((pixel - this.from) / (this.to - this.from)) * (this.high - this.low);
    return this.log ? 10 ** v : v;
  }

  // Values with their labels, at least `gap` pixels apart.
  ticks(gap) {
    if (this.spec.ticks) return this.spec.ticks.map((v) => [v, String(v)]);
    const most = Math.max(2, Math.floor(Math.abs(this.to - this.from) / gap));
    if (this.log) {
      const span = this.high - this.low;
      const shown = (v) => (v >= 0.01 && v < 1e4 ? String(Number(v.toPrecision(1))) : decade(Math.round(Math.log10(v))));
      const within = (v) => Math.log10(v) >= this.low - 1e-9 && Math.log10(v) <= this.high + 1e-9;
      const step = Math.max(1, Math.ceil(span / most));
      const parts = span < 1.7 ? [1, 2, 5] : [1];
      const found = [];
      for (let n = Math.floor(this.low); n <= this.high; n += 1) {
        if (n % step === 0) found.push(...parts.map((p) => p * 10 ** n).filter(within));
      }
      return found.map((v) => [v, shown(v)]);
    }
    const rough = (this.high - this.low) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((f) => f * power >= rough * 0.999);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let k = Math.ceil(this.low / step - 1e-9); k * step <= this.high + 1e-9 * step; k += 1) {
      found.push([k * step, (k * step).toFixed(digits)]);
    }
    return found;
  }
}

export class Lines {
  constructor(div, { hover, zoom }) {
    this.div = div;
    this.told = { hover, zoom };
    this.cursor = null;
    div.addEventListener("pointermove", (event) => this.#moved(event));
    div.addEventListener("pointerleave", () => { if (!this.start) this.told.hover(null); });
    div.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0 || !this.#inside(event)) return;
      this.start = event.offsetX;
      div.setPointerCapture(event.pointerId);
    });
    div.addEventListener("pointerup", (event) => this.#released(event));
    div.addEventListener("pointercancel", () => { this.start = undefined; });
    div.addEventListener("dblclick", () => this.told.zoom(null));
  }

  draw(spec, style) {
    this.spec = spec;
    this.style = style;
    const width = this.div.clientWidth, height = this.div.clientHeight;
    if (!width || !height) return;
    const right = spec.right ? 46 : NARROW.right, top = spec.top || NARROW.top;
    this.box = { left: NARROW.left, right: width - right, top, bottom: height - NARROW.bottom };
    const { left, bottom } = this.box;
    const x = new Axis(spec.x, spec.lines.flatMap((line) => line.x), left, this.box.right);
    const seen = (line) => line.y.filter((_, k) => x.at(line.x[k]) >= left - 1 && x.at(line.x[k]) <= this.box.right + 1);
    const of = (side) => spec.lines.filter((line) => Boolean(line.right) === side).flatMap(seen);
    const y = new Axis(spec.y, of(false), bottom, top);
    const other = spec.right ? new Axis(spec.right, of(true), bottom, top) : null;
    this.axes = { x, y, right: other };
    const clip = `clip-${this.div.dataset.plot}`;
    const box = `x="${left}" y="${top}" width="${this.box.right - left}" height="${bottom - top}"`;
    this.div.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `
      + `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(spec.label)}" `
      + `font-family='${FONT}' font-size="12" fill="${style.ink}">`
      + `<clipPath id="${clip}"><rect ${box}/></clipPath>${this.#frame(width)}`
      + `<g clip-path="url(#${clip})" fill="none" stroke-linejoin="round">`
      + `${spec.lines.map((line) => this.#curve(line)).join("")}${(spec.marks || []).map((m) => this.#mark(m)).join("")}</g>`
      + `${(spec.marks || []).map((m) => this.#words(m)).join("")}<g class="cursor"></g></svg><div class="tip" hidden></div>`;
    this.point(this.cursor);
  }

  #frame(width) {
    const { left, right, top, bottom } = this.box, { x, y, right: other } = this.axes, { line, soft } = this.style;
    let out = "";
    for (const [value, label] of x.ticks(62)) {
      const at = x.at(value).toFixed(1);
      out += `<path d="M${at} ${top}V${bottom}" stroke="${line}"/>`
        + `<text x="${at}" y="${bottom + 15}" text-anchor="middle">${label}</text>`;
    }
    for (const [value, label] of y.ticks(34)) {
      const at = y.at(value).toFixed(1);
      out += `<path d="M${left} ${at}H${right}" stroke="${line}"/>`
        + `<text x="${left - 6}" y="${at}" dy=".35em" text-anchor="end">${label}</text>`;
    }
    for (const [value, label] of other ? other.ticks(34) : []) {
      out += `<text x="${right + 6}" y="${other.at(value).toFixed(1)}" dy=".35em">${label}</text>`;
    }
    const middle = (top + bottom) / 2;
    const turned = (at, words) => `<text transform="translate(${at} ${middle}) rotate(-90)" text-anchor="middle">${escaped(words)}</text>`;
    out += `<path d="M${left} ${top}V${bottom}H${right}${other ? `V${top}` : ""}" fill="none" stroke="${soft}"/>`
      + `<text x="${(left + right) / 2}" y="${bottom + 32}" text-anchor="middle">${escaped(x.spec.title)}</text>`
      + turned(13, y.spec.title) + (other ? turned(width - 4, other.spec.title) : "");
    return out;
  }

  #curve(line) {
    const { x } = this.axes, y = line.right ? this.axes.right : this.axes.y;
    let path = "", dots = "", pen = "M";
    for (let k = 0; k < line.x.length; k += 1) {
      const value = line.y[k];
      if (!finite(value) || (y.log && value <= 0) || (x.log && line.x[k] <= 0)) { pen = "M"; continue; }
      const point = `${x.at(line.x[k]).toFixed(1)} ${Math.max(-9999, Math.min(9999, y.at(value))).toFixed(1)}`;
      path += pen + point;
      pen = "L";
      if (line.dots) dots += `M${point}h0`;
    }
    const dash = line.dash && line.dash !== "solid" ? ` stroke-dasharray="${line.dash.replaceAll("px", "")}"` : "";
    const common = `stroke="${line.colour}" opacity="${line.opacity ?? 1}"`;
    return `<path d="${path}" ${common} stroke-width="${line.width}"${dash}/>`
      + (dots ? `<path d="${dots}" ${common} stroke-width="5" stroke-linecap="round"/>` : "");
  }

  #mark({ x, y, colour, dash = "", width = 1.5, opacity = 1 }) {
    const { left, right, top, bottom } = this.box;
    const path = x === undefined ? `M${left} ${this.axes.y.at(y).toFixed(1)}H${right}` : `M${this.axes.x.at(x).toFixed(1)} ${top}V${bottom}`;
    return `<path d="${path}" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dash}" opacity="${opacity}"/>`;
  }

  // Words beside a mark; above the plot where they are long (a negative place), and then as far
  // to the left as they need.
  #words({ x, words, place = 0.16, faint = false }) {
    if (!words) return "";
    const { left, right, top, bottom } = this.box, at = this.axes.x.at(x);
    if (at < left - 1 || at > right + 1) return "";
    if (place < 0) {
      const long = 6.6 * words.length, start = Math.max(4, Math.min(at - long / 2, right + 8 - long));
      return `<text x="${start.toFixed(1)}" y="${top - 9}">${escaped(words)}</text>`;
    }
    const later = at > left + 0.7 * (right - left), gap = 5;
    const ground = ` stroke="${this.style.card}" stroke-width="4" paint-order="stroke"`;
    return `<text x="${(at + (later ? -gap : gap)).toFixed(1)}" y="${(top + place * (bottom - top)).toFixed(1)}" `
      + `text-anchor="${later ? "end" : "start"}"${faint ? ` fill="${this.style.soft}"` : ""}${ground}>${escaped(words)}</text>`;
  }

  // ---- pointer -------------------------------------------------------------------------------
  #inside({ offsetX, offsetY }) {
    const b = this.box;
    return b && offsetX >= b.left && offsetX <= b.right && offsetY >= b.top && offsetY <= b.bottom;
  }

  #moved(event) {
    if (!this.axes) return;
    if (this.start !== undefined) { this.#stretch(event.offsetX); return; }
    this.told.hover(this.#inside(event) ? this.axes.x.value(event.offsetX) : null);
  }

  #stretch(pixel) {
    const { left, right, top, bottom } = this.box;
    const [a, b] = [this.start, Math.max(left, Math.min(right, pixel))].sort((p, q) => p - q);
    this.div.querySelector(".cursor").innerHTML = `<rect x="${a}" y="${top}" width="${b - a}" height="${bottom - top}" `
      + `fill="${this.style.soft}" opacity=".25"/>`;
  }

  #released(event) {
    if (this.start === undefined) return;
    const { left, right } = this.box, from = this.start;
    this.start = undefined;
    const to = Math.max(left, Math.min(right, event.offsetX));
    if (Math.abs(to - from) < 8) { this.point(this.cursor); return; }
    this.told.zoom([from, to].sort((a, b) => a - b).map((pixel) => this.axes.x.value(pixel)));
  }

  // Show the values at an x, here and in every plot with the same x; null: none.
  point(value) {
    this.cursor = value;
    const mark = this.div.querySelector(".cursor"), tip = this.div.querySelector(".tip");
    if (!mark) return;
    const at = finite(value) ? this.axes.x.at(value) : -1;
    tip.hidden = at < this.box.left || at > this.box.right;
    mark.innerHTML = "";
    if (tip.hidden) return;
    const rows = [];
    let shown = value;
    for (const line of this.spec.lines) {
      const k = nearest(line.x, value);
      shown = line.x[k];
      if (finite(line.y[k])) rows.push(`<span><b style="color:${line.colour}">—</b> ${escaped(line.name)} ${short(line.y[k], line.digits)}</span>`);
    }
    mark.innerHTML = `<path d="M${at.toFixed(1)} ${this.box.top}V${this.box.bottom}" stroke="${this.style.soft}" stroke-dasharray="3 3"/>`;
    tip.innerHTML = `<span>${short(shown, 4)} ${escaped(this.spec.x.unit || "")}</span>${rows.join("")}`;
    const later = at > (this.box.left + this.box.right) / 2;
    tip.style.left = later ? "" : `${at + 8}px`;
    tip.style.right = later ? `${this.div.clientWidth - at + 8}px` : "";
  }
}

function nearest(values, wanted) {
  let best = 0;
  for (let k = 1; k < values.length; k += 1) {
    if (Math.abs(values[k] - wanted) < Math.abs(values[best] - wanted)) best = k;
  }
  return best;
}
