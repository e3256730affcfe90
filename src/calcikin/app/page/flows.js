// Where the calcium goes: places as bars, what passes between them as bands, from left to right.
const NAME = 12, BAR = 13, GAP = 14, EDGE = 6;
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// Places with their column (the longest way to them), what they hold, and the bands between them.
function arranged(flows) {
  const places = new Map();
  const place = (name) => {
    if (!places.has(name)) places.set(name, { name, column: 0, into: [], out: [] });
    return places.get(name);
  };
  const bands = flows.map(([from, to, amount]) => ({ from: place(from), to: place(to), amount }));
  for (const band of bands) { band.from.out.push(band); band.to.into.push(band); }
  for (let round = 0; round < places.size; round += 1) {
    for (const { from, to } of bands) to.column = Math.max(to.column, from.column + 1);
  }
  const sum = (list) => list.reduce((total, band) => total + band.amount, 0);
  for (const p of places.values()) p.amount = Math.max(sum(p.into), sum(p.out));
  // what goes far passes above the places between
  const far = (band) => band.to.column - band.from.column;
  for (const p of places.values()) for (const list of [p.into, p.out]) list.sort((a, b) => far(b) - far(a));
  const columns = [];
  for (const p of places.values()) (columns[p.column] ||= []).push(p);
  return { columns, bands };
}

// How much calcium the fullest column has to show, with what passes above it; and how many gaps.
function needs({ columns, bands }) {
  const passing = columns.map((_, c) => bands.filter((b) => b.from.column < c && c < b.to.column)
    .reduce((total, b) => total + b.amount, 0));
  const total = columns.map((list, c) => passing[c] + list.reduce((sum, p) => sum + p.amount, 0));
  const gaps = columns.map((list, c) => list.length - 1 + (passing[c] > 0 ? 1 : 0));
  return { passing, total: Math.max(...total), gaps: Math.max(...gaps) };
}

// One picture of the calcium of each run, all to the same scale, below one another.
export function drawFlows(div, runs, style, label) {
  const width = div.clientWidth, height = div.clientHeight;
  if (!width || !height) return;
  const made = runs.map((run) => ({ ...run, ...arranged(run.flows) })).map((run) => ({ ...run, ...needs(run) }));
  const title = made.length > 1 ? 15 : 0;
  const free = height - 2 * EDGE - made.reduce((sum, run) => sum + title + run.gaps * GAP, 0);
  const scale = free / made.reduce((sum, run) => sum + run.total, 0);
  let top = EDGE, body = "";
  for (const run of made) {
    if (title) body += `<text x="${EDGE}" y="${top + 11}" font-weight="600">${escaped(run.title)}</text>`;
    top += title;
    body += picture(run, { top, scale, width, style });
    top += run.total * scale + run.gaps * GAP;
  }
  div.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" `
    + `role="img" aria-label="${escaped(label)}" font-family='system-ui, "Segoe UI", "DejaVu Sans", sans-serif' `
    + `font-size="${NAME}" fill="${style.ink}">${body}</svg>`;
}

function picture({ columns, passing, opacity }, { top, scale, width, style }) {
  const across = (width - 2 * EDGE - BAR) / Math.max(columns.length - 1, 1);
  const colour = (name) => style.colour(name);
  columns.forEach((list, c) => {
    let y = top + passing[c] * scale + (passing[c] > 0 ? GAP : 0);
    for (const p of list) {
      Object.assign(p, { x: EDGE + c * across, y, height: p.amount * scale });
      y += p.height + GAP;
      let [into, out] = [p.y, p.y];
      for (const band of p.into) { band.end = into; into += band.amount * scale; }
      for (const band of p.out) { band.start = out; out += band.amount * scale; }
    }
  });
  let bands = "", bars = "";
  for (const p of columns.flat()) {
    for (const band of p.out) {
      const [a, b] = [p.x + BAR, band.to.x], middle = (a + b) / 2, thick = Math.max(band.amount * scale, 0.7);
      bands += `<path d="M${a} ${band.start}C${middle} ${band.start} ${middle} ${band.end} ${b} ${band.end}v${thick}`
        + `C${middle} ${band.end + thick} ${middle} ${band.start + thick} ${a} ${band.start + thick}Z" `
        + `fill="${style.solid(band.to.name) ? colour(band.to.name) : colour(p.name)}" opacity="${0.4 * opacity}">`
        + `<title>${escaped(p.name)} → ${escaped(band.to.name)}: ${Number(band.amount.toPrecision(3))} mmol/L Ca</title></path>`;
    }
    const last = p.column === columns.length - 1;
    const named = style.short(p.name);
    bars += `<rect x="${p.x}" y="${p.y}" width="${BAR}" height="${Math.max(p.height, 0.7)}" fill="${colour(p.name)}" opacity="${opacity}">`
      + `<title>${escaped(p.name)}: ${Number(p.amount.toPrecision(3))} mmol/L Ca</title></rect>`
      + `<text x="${last ? p.x - 5 : p.x + BAR + 5}" y="${p.y + Math.max(p.height, 4) / 2}" dy=".35em" `
      + `text-anchor="${last ? "end" : "start"}">${escaped(named)}</text>`;
  }
  return bands + bars;
}
