// The frame, and what is drawn on it.
import { state, shapes, found, cornersOf, changed, edit, remember, settle, judge, freeName } from "./state.js";
import { t } from "./words.js";

const canvas = document.getElementById("frame"), loupe = document.getElementById("loupe");
const brush = canvas.getContext("2d");
export const picture = new Image();
let scale = 1, pointer = null, dragged = null;
const NEAR = 12;

picture.addEventListener("load", () => draw());
export function load(drawn) { picture.src = `/frame.jpg?n=${state.info.frame}${drawn ? "&drawn=1" : ""}&at=${Date.now()}`; }

function size() {
  const [w, h] = state.draft.picture, shown = canvas.clientWidth || 900, ratio = window.devicePixelRatio || 1;
  scale = shown / w;
  const wide = Math.round(shown * ratio), high = Math.round((shown * h / w) * ratio);
  if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; canvas.style.height = `${high / ratio}px`; }
  brush.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
}
const line = (pixels, close) => {
  brush.beginPath();
  pixels.forEach(([x, y], n) => (n ? brush.lineTo(x, y) : brush.moveTo(x, y)));
  if (close) brush.closePath();
};
function stroke(colour, width, under = true) {
  if (under) { brush.strokeStyle = "#000a"; brush.lineWidth = (width + 2) / scale; brush.stroke(); }
  brush.strokeStyle = colour; brush.lineWidth = width / scale; brush.stroke();
}
function label(text, x, y, colour = "#fff", px = 13, back = "#0d1116d0") {
  brush.font = `600 ${px / scale}px system-ui, "Noto Sans CJK SC", sans-serif`;
  const wide = brush.measureText(text).width, high = (px + 5) / scale, [w, h] = state.draft.picture;
  x = Math.max(0, Math.min(x, w - wide - 8 / scale)); y = Math.max(high, Math.min(y, h - 2 / scale));
  brush.fillStyle = back; brush.fillRect(x, y - high, wide + 8 / scale, high + 2 / scale);
  brush.fillStyle = colour; brush.fillText(text, x + 4 / scale, y - 4 / scale);
}
function dot(x, y, radius, fill, chosen) {
  brush.beginPath(); brush.arc(x, y, radius / scale, 0, 7);
  brush.fillStyle = fill; brush.fill(); brush.lineWidth = (chosen ? 3.5 : 1.5) / scale; brush.strokeStyle = chosen ? "#ffc857" : "#000"; brush.stroke();
}
export const colourOff = (off, limit) => (off === undefined || off === null ? "#d5dde6" : Math.abs(off) > limit ? "#ff7b72" : Math.abs(off) > limit / 3 ? "#ffc857" : "#58d68d");
const is = (kind, index, corner) => state.chosen && state.chosen.kind === kind && state.chosen.index === index && (corner === undefined || state.chosen.corner === corner);

export function draw() {
  if (!state.draft) return;
  size();
  const [w, h] = state.draft.picture, verdict = state.verdict ?? {};
  brush.clearRect(0, 0, w, h);
  if (picture.complete && picture.naturalWidth) brush.drawImage(picture, 0, 0, w, h);
  if (document.getElementById("showGrid").checked) grid(verdict);
  for (const kind of ["zone", "gate"]) shapes(kind).forEach((_, index) => shape(kind, index));
  if (state.step === 2) measured(verdict);
  if (state.drawing) sketch();
  if (state.cross) {
    const [x, y] = state.cross;
    line([[x - 16 / scale, y], [x + 16 / scale, y]]); stroke("#fff", 1.5);
    line([[x, y - 16 / scale], [x, y + 16 / scale]]); stroke("#fff", 1.5);
  }
}
function grid(verdict) {
  const strong = state.step === 2, busy = state.live && state.step === 4;
  for (const one of verdict.grid ?? []) {
    const main = Math.abs(one.metres % (verdict.step_m * 5)) < 1e-6;
    for (const piece of one.pixels) { line(piece); stroke(one.metres === 0 ? "#7dffa8" : "#6fe3ff", (main ? 1.7 : 1) * (strong ? 1.1 : 0.7), strong); }
  }
  if (strong && !busy) {
    let lastX = -1e9, lastY = -1e9;
    const [w, h] = state.draft.picture;
    for (const one of verdict.grid ?? []) {
      const ends = one.pixels.flat().filter(([x, y]) => x > 2 && x < w - 2 && y > 2 && y < h - 2);
      if (!ends.length) continue;
      const at = ends.reduce((a, b) => (one.axis === "x" ? (b[1] > a[1] ? b : a) : b[0] < a[0] ? b : a));
      if (one.axis === "x" ? Math.abs(at[0] - lastX) < 52 / scale : Math.abs(at[1] - lastY) < 20 / scale) continue;
      if (one.axis === "x") lastX = at[0]; else lastY = at[1];
      label(`${one.axis} ${one.metres}`, at[0], at[1], "#bff3ff", 11, "#0d111690");
    }
  }
  if (verdict.horizon?.length) {
    brush.setLineDash([8 / scale, 6 / scale]); line(verdict.horizon); stroke("#ffb05c", 2); brush.setLineDash([]);
  }
}
function shape(kind, index) {
  const pixels = cornersOf(kind, index), told = found(kind)[index], one = shapes(kind)[index];
  if (!pixels.length) return;
  const bad = told?.refusal, colour = bad ? "#ff7b72" : kind === "zone" ? "#ffd84d" : "#ff8df0";
  line(pixels, kind === "zone");
  if (kind === "zone") { brush.fillStyle = bad ? "#ff7b7230" : state.step === 4 && state.live ? "#0000" : "#ffd84d22"; brush.fill(); }
  stroke(colour, kind === "zone" ? 2.5 : 4);
  if (kind === "gate" && pixels.length === 2) {
    const [[ax, ay], [bx, by]] = pixels, mx = (ax + bx) / 2, my = (ay + by) / 2, length = Math.hypot(bx - ax, by - ay) || 1;
    // In is to the left of the way from the first end to the second, as one stands on the ground: up in the picture for a line that runs to the right.
    const nx = (by - ay) / length, ny = -(bx - ax) / length, long = 34 / scale;
    line([[mx - nx * long / 2, my - ny * long / 2], [mx + nx * long, my + ny * long]]); stroke(colour, 4);
    const tip = [mx + nx * long, my + ny * long], side = 9 / scale;
    line([[tip[0] - nx * side - ny * side, tip[1] - ny * side + nx * side], tip, [tip[0] - nx * side + ny * side, tip[1] - ny * side - nx * side]]); stroke(colour, 4);
    label(`${one.name}: ${t("in")}`, tip[0] + 6 / scale, tip[1], colour);
  }
  if (state.step >= 3 || is(kind, index)) pixels.forEach(([x, y], n) => { if (state.step < 4) dot(x, y, 5.5, colour, is(kind, index, n)); });
  if (kind === "zone") {
    const top = pixels.reduce((a, b) => (b[1] < a[1] ? b : a));
    const figure = state.live && state.look?.zones?.find((zone) => zone.name === one.name);
    const text = figure ? `${one.title || one.name}: ${Math.round(figure.people[0])} (${Math.round(figure.people[1])}–${Math.round(figure.people[2])})` : told?.size ? `${one.title || one.name}  ${told.size.toFixed(0)} m²` : one.title || one.name;
    label(text, top[0] + 8 / scale, top[1] - 6 / scale, colour);
  }
}
function measured(verdict) {
  const limit = state.draft.residual_limit_m;
  state.draft.straight_lines.forEach((pixels, index) => { line(pixels); stroke("#c7a6ff", 2); pixels.forEach(([x, y]) => dot(x, y, 4, "#c7a6ff", is("edge", index))); });
  if (state.draft.method === "distances") state.draft.spans.forEach((span, index) => {
    const a = state.draft.points[span.a], b = state.draft.points[span.b], off = verdict.spans?.[index]?.off_m;
    if (!a || !b) return;
    line([a.pixel, b.pixel]); stroke(colourOff(off, limit), 2);
    label(span.metres === null ? "? m" : `${span.metres} m`, (a.pixel[0] + b.pixel[0]) / 2, (a.pixel[1] + b.pixel[1]) / 2, colourOff(off, limit), 12);
  });
  state.draft.points.forEach((point, index) => {
    const off = verdict.points?.[index]?.off_m, [x, y] = point.pixel, bad = verdict.refusal?.where?.[0] === "points" && verdict.refusal.where[1] === index;
    dot(x, y, 7, bad ? "#ff7b72" : colourOff(off, limit), is("point", index));
    brush.fillStyle = "#000"; brush.fillRect(x - 0.5 / scale, y - 0.5 / scale, 1 / scale, 1 / scale);
    label(off === undefined || off === null ? `${index + 1}` : `${index + 1}: ${off.toFixed(2)} m`, x + 10 / scale, y - 5 / scale, bad ? "#ff7b72" : colourOff(off, limit));
  });
}
function sketch() {
  const { kind, pixels } = state.drawing, end = state.cross ?? pointer;
  if (kind === "span") { const a = state.draft.points[state.drawing.a]; if (end) { line([a.pixel, end]); stroke("#fff", 2); } return; }
  line(end ? [...pixels, end] : pixels); stroke(kind === "edge" ? "#c7a6ff" : "#fff", 2);
  pixels.forEach(([x, y], n) => dot(x, y, n === 0 && pixels.length > 2 && kind === "zone" ? 8 : 5, "#fff"));
}

// What lies under a place of the picture.
function under([x, y]) {
  const near = ([a, b]) => Math.hypot(a - x, b - y) * scale < NEAR;
  if (state.step === 2) {
    const point = state.draft.points.findIndex((one) => near(one.pixel));
    if (point >= 0) return { kind: "point", index: point };
    for (const [index, edge] of state.draft.straight_lines.entries()) { const corner = edge.findIndex(near); if (corner >= 0) return { kind: "edge", index, corner }; }
    return null;
  }
  for (const kind of ["gate", "zone"]) for (let index = shapes(kind).length - 1; index >= 0; index -= 1) {
    const corner = cornersOf(kind, index).findIndex(near);
    if (corner >= 0) return { kind, index, corner };
  }
  for (const kind of ["gate", "zone"]) for (let index = shapes(kind).length - 1; index >= 0; index -= 1) {
    const pixels = cornersOf(kind, index);
    brush.save(); brush.setTransform(1, 0, 0, 1, 0, 0); line(pixels, kind === "zone"); brush.lineWidth = 10 / scale;
    const inside = kind === "zone" ? brush.isPointInPath(x, y) : brush.isPointInStroke(x, y);
    brush.restore();
    if (inside) return { kind, index };
  }
  return null;
}
function place(at, [x, y]) {
  const pixel = [clamp(x, 0), clamp(y, 1)];
  if (at.kind === "point") state.draft.points[at.index].pixel = pixel;
  else if (at.kind === "edge") state.draft.straight_lines[at.index][at.corner] = pixel;
  else if (at.corner !== undefined) {
    const shape = shapes(at.kind)[at.index], pixels = cornersOf(at.kind, at.index).map((one) => [...one]);
    pixels[at.corner] = pixel; shape.pixels = pixels; shape.metres = null;
  }
}
const clamp = (value, axis) => Math.round(Math.max(0, Math.min(value, state.draft.picture[axis])) * 10) / 10;

export function finish() {
  const drawing = state.drawing;
  if (!drawing) return;
  if (drawing.kind === "zone" && drawing.pixels.length >= 3) add("zone", drawing.pixels);
  else if (drawing.kind === "gate" && drawing.pixels.length === 2) add("gate", drawing.pixels);
  else if (drawing.kind === "edge" && drawing.pixels.length >= 3) edit(null, (draft) => { draft.straight_lines.push(drawing.pixels); draft.lens = null; draft.distortion = null; });
  else return;
  state.drawing = null; changed();
}
function add(kind, pixels) {
  edit(null, (draft) => {
    const name = freeName(kind, [...draft.zones, ...draft.gates]);
    if (kind === "zone") draft.zones.push({ name, was: "", pixels, metres: null, digest: "", title: "", kind: "flat", capacity: null });
    else draft.gates.push({ name, was: "", pixels, metres: null, digest: "", into: draft.zones[0]?.name ?? "", out_of: "" });
    state.chosen = { kind, index: shapes(kind).length - 1 };
  });
}
export function press(pixel) {
  const [x, y] = [clamp(pixel[0], 0), clamp(pixel[1], 1)], tool = state.tool;
  if (tool === "point") return edit(null, (draft) => { draft.points.push({ pixel: [x, y], x: null, y: null, z: 0 }); state.chosen = { kind: "point", index: draft.points.length - 1 }; });
  if (tool === "span") {
    const hit = under([x, y]);
    if (hit?.kind !== "point") return undefined;
    if (state.drawing?.kind !== "span") state.drawing = { kind: "span", a: hit.index };
    else if (state.drawing.a !== hit.index) {
      const a = state.drawing.a;
      state.drawing = null;
      edit(null, (draft) => draft.spans.push({ a, b: hit.index, metres: null }));
      changed("span");
    }
    return changed();
  }
  if (["zone", "gate", "edge"].includes(tool)) {
    if (state.drawing?.kind !== tool) state.drawing = { kind: tool, pixels: [] };
    const pixels = state.drawing.pixels, first = pixels[0];
    if (tool === "zone" && pixels.length > 2 && Math.hypot(first[0] - x, first[1] - y) * scale < NEAR) return finish();
    pixels.push([x, y]);
    if (tool === "gate" && pixels.length === 2) return finish();
    return changed();
  }
  state.chosen = under([x, y]);
  return changed();
}
const at = (event) => { const box = canvas.getBoundingClientRect(); return [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale]; };
canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  pointer = at(event); state.cross = null; canvas.focus({ preventScroll: true });
  const hit = under(pointer);
  if (hit && (state.tool === "select" || (state.tool === "point" && hit.kind === "point"))) {
    state.chosen = hit; changed();
    if (hit.corner !== undefined || hit.kind === "point") { dragged = { ...hit, moved: false }; canvas.setPointerCapture(event.pointerId); }
  } else press(pointer);
});
canvas.addEventListener("pointermove", (event) => {
  pointer = at(event);
  if (dragged) {
    if (!dragged.moved) { settle(); remember(); dragged.moved = true; }
    place(dragged, pointer); judge();
  }
  magnify(); draw();
});
canvas.addEventListener("pointerup", () => { if (dragged?.moved) { changed("draft"); judge(); } dragged = null; });
canvas.addEventListener("dblclick", () => { if (state.drawing?.kind === "zone" && state.drawing.pixels.length > 3) { state.drawing.pixels.pop(); finish(); } });
canvas.addEventListener("pointerleave", () => { pointer = null; loupe.style.display = "none"; draw(); });

// What is clicked is clicked to the pixel: four times as large, in the corner that is not in the way.
function magnify() {
  const spot = state.cross ?? pointer;
  if (!spot || state.step === 1 || state.step === 4 || (state.tool === "select" && !dragged)) { loupe.style.display = "none"; return; }
  const [w, h] = state.draft.picture, side = 42 / Math.max(scale, 0.5), glass = loupe.getContext("2d");
  loupe.style.display = "block";
  loupe.style.left = spot[0] < w / 2 ? "auto" : "8px"; loupe.style.right = spot[0] < w / 2 ? "8px" : "auto"; loupe.style.top = "8px";
  glass.fillStyle = "#000"; glass.fillRect(0, 0, 168, 168); glass.imageSmoothingEnabled = false;
  const ratio = picture.naturalWidth / w;
  if (picture.naturalWidth) glass.drawImage(picture, (spot[0] - side / 2) * ratio, (spot[1] - side / 2) * ratio, side * ratio, side * ratio, 0, 0, 168, 168);
  glass.strokeStyle = "#ffc857"; glass.lineWidth = 1;
  glass.beginPath(); glass.moveTo(84, 0); glass.lineTo(84, 76); glass.moveTo(84, 92); glass.lineTo(84, 168); glass.moveTo(0, 84); glass.lineTo(76, 84); glass.moveTo(92, 84); glass.lineTo(168, 84); glass.stroke();
  if (h < 0) draw();
}
canvas.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (move) {
    event.preventDefault();
    const by = event.shiftKey ? 10 : 1, chosen = state.chosen;
    if (state.tool === "select" && chosen && (chosen.corner !== undefined || chosen.kind === "point")) {
      const from = chosen.kind === "point" ? state.draft.points[chosen.index].pixel : chosen.kind === "edge" ? state.draft.straight_lines[chosen.index][chosen.corner] : cornersOf(chosen.kind, chosen.index)[chosen.corner];
      edit(`nudge ${chosen.kind} ${chosen.index} ${chosen.corner}`, () => place(chosen, [from[0] + move[0] * by, from[1] + move[1] * by]));
    } else {
      const from = state.cross ?? pointer ?? state.draft.picture.map((side) => side / 2);
      state.cross = [clamp(from[0] + move[0] * by, 0), clamp(from[1] + move[1] * by, 1)];
      magnify(); changed("cross");
    }
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    // Enter on the cross sets; Enter after a set place that was not left again closes.
    const last = state.drawing?.pixels?.at(-1);
    if (state.drawing?.pixels && (event.key === "Enter") && (!state.cross || (last && last[0] === state.cross[0] && last[1] === state.cross[1]))) finish();
    else if (state.cross) press(state.cross);
  }
});
new ResizeObserver(() => draw()).observe(canvas);
