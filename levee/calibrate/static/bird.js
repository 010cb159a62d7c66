// The ground from above: what the picture shows of it, zones and gates, and the people that were counted.
import { state, shapes, found } from "./state.js";
import { t } from "./words.js";

const canvas = document.getElementById("bird");
// Persons per m2 and their colours: pale where there is room, dark red and violet where there is none.
const RAMP = [[0.0, 255, 243, 176], [0.5, 255, 243, 176], [2, 255, 198, 74], [3.5, 255, 138, 60], [5, 229, 56, 59], [7, 143, 29, 107]];
export function colour(density) {
  const n = RAMP.findIndex(([at]) => at >= density);
  if (n < 0) return "rgb(143 29 107)";
  if (n === 0) return "rgb(255 243 176)";
  const [a, ...from] = RAMP[n - 1], [b, ...to] = RAMP[n], share = (density - a) / (b - a);
  return `rgb(${from.map((value, k) => Math.round(value + (to[k] - value) * share)).join(" ")})`;
}
export function drawBird() {
  const verdict = state.verdict, brush = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  const wide = canvas.clientWidth, high = canvas.clientHeight;
  canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio);
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  canvas.setAttribute("aria-label", t("bird"));
  if (!verdict?.digest) return;
  const areas = [...(verdict.zones ?? []), ...(verdict.gates ?? [])].flatMap((one) => one.metres ?? []);
  const points = (verdict.points ?? []).filter(Boolean).map((one) => one.seen);
  const told = areas.concat(points), near = told.length ? told : verdict.footprint;
  if (!near.length) return;
  const xs = near.map((p) => p[0]), ys = near.map((p) => p[1]), margin = told.length ? 2.5 : 0;
  const camera = verdict.pose?.place;
  let left = Math.min(...xs) - margin, right = Math.max(...xs) + margin, low = Math.min(...ys) - margin, top = Math.max(...ys) + margin;
  if (camera && Math.hypot(camera[0] - (left + right) / 2, camera[1] - (low + top) / 2) < 2.2 * Math.hypot(right - left, top - low)) {
    left = Math.min(left, camera[0] - 1); right = Math.max(right, camera[0] + 1); low = Math.min(low, camera[1] - 1); top = Math.max(top, camera[1] + 1);
  }
  const unit = Math.min((wide - 16) / (right - left), (high - 16) / (top - low));
  const ox = wide / 2 - (unit * (left + right)) / 2, oy = high / 2 + (unit * (low + top)) / 2;
  const put = ([x, y]) => [ox + unit * x, oy - unit * y];
  const path = (places, close) => { brush.beginPath(); places.map(put).forEach(([x, y], n) => (n ? brush.lineTo(x, y) : brush.moveTo(x, y))); if (close) brush.closePath(); };
  if (verdict.footprint.length) { path(verdict.footprint, true); brush.fillStyle = "#1c2733"; brush.fill(); }
  const step = [1, 2, 5, 10, 20, 50].find((s) => s * unit > 26) ?? 50;
  brush.font = "11px system-ui, sans-serif"; brush.lineWidth = 1;
  for (let x = Math.ceil((0 - ox) / unit / step) * step; x * unit + ox < wide; x += step) { path([[x, -1e4], [x, 1e4]]); brush.strokeStyle = x === 0 ? "#4d7a5c" : "#2c3947"; brush.stroke(); brush.fillStyle = "#8496a8"; brush.fillText(`${x}`, ox + unit * x + 2, high - 3); }
  for (let y = Math.ceil((oy - high) / unit / step) * step; oy - y * unit > 0; y += step) { path([[-1e4, y], [1e4, y]]); brush.strokeStyle = y === 0 ? "#4d7a5c" : "#2c3947"; brush.stroke(); brush.fillStyle = "#8496a8"; brush.fillText(`${y} m`, 3, oy - unit * y - 2); }
  for (const cell of state.look?.cells ?? []) {
    const [x, y] = put([cell.x, cell.y + cell.side]);
    brush.globalAlpha = Math.min(0.95, 0.3 + cell.density / 2); brush.fillStyle = colour(cell.density); brush.fillRect(x, y, cell.side * unit + 0.5, cell.side * unit + 0.5);
  }
  brush.globalAlpha = 1;
  for (const head of state.look?.heads ?? []) { const [x, y] = put(head); brush.beginPath(); brush.arc(x, y, 2.5, 0, 7); brush.fillStyle = "#fff"; brush.fill(); }
  found("zone").forEach((one, index) => {
    if (!one.metres?.length) return;
    path(one.metres, true); brush.strokeStyle = one.refusal ? "#ff7b72" : "#ffd84d"; brush.lineWidth = 2; brush.stroke();
    const draft = shapes("zone")[index]; if (!draft) return;
    const figure = state.look?.zones?.find((zone) => zone.name === draft.name), [x, y] = put(one.metres.reduce((a, b) => [a[0] + b[0] / one.metres.length, a[1] + b[1] / one.metres.length], [0, 0]));
    if (figure) {
      const side = Math.sqrt(10) * unit, [wx, wy] = put(figure.worst_place);
      brush.strokeStyle = "#fff"; brush.lineWidth = 2; brush.strokeRect(wx, wy - side, side, side);
    }
    const lines = [draft.title || draft.name, ...(figure ? [`${Math.round(figure.people[0])} (${Math.round(figure.people[1])}–${Math.round(figure.people[2])})`] : [])];
    brush.textAlign = "center"; brush.font = "600 13px system-ui, 'Noto Sans CJK SC', sans-serif";
    lines.forEach((text, n) => { brush.lineWidth = 3; brush.strokeStyle = "#000"; brush.strokeText(text, x, y + 16 * n); brush.fillStyle = "#fff"; brush.fillText(text, x, y + 16 * n); });
    brush.textAlign = "left";
  });
  found("gate").forEach((one) => { if (one.metres?.length === 2) { path(one.metres); brush.strokeStyle = "#ff8df0"; brush.lineWidth = 4; brush.stroke(); } });
  (verdict.points ?? []).forEach((one, index) => { if (!one || state.step !== 2) return; const [x, y] = put(one.seen); brush.beginPath(); brush.arc(x, y, 4, 0, 7); brush.fillStyle = "#58d68d"; brush.fill(); brush.fillStyle = "#fff"; brush.fillText(`${index + 1}`, x + 6, y + 4); });
  if (camera) {
    const [x, y] = put(camera), angle = Math.atan2(-verdict.pose.towards[1], verdict.pose.towards[0]), half = (verdict.pose.field_of_view_deg * Math.PI) / 360;
    brush.beginPath(); brush.moveTo(x, y); brush.arc(x, y, 18, angle - half, angle + half); brush.closePath(); brush.fillStyle = "#58b4ffaa"; brush.fill();
    brush.beginPath(); brush.arc(x, y, 4, 0, 7); brush.fillStyle = "#58b4ff"; brush.fill();
  }
}
new ResizeObserver(() => drawBird()).observe(canvas);
