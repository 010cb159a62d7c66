// The wall: a tile for each zone, the worst first; the plan; the sound of a new orange or red.
import { element, hear, link, order, reason, say, set, time, words, zones } from "./page.js";

const list = document.getElementById("tiles");
const summary = document.getElementById("summary");
const alarm = document.getElementById("alarm");
const tiles = new Map();
const ALARMS = ["orange", "red"];
const TIERS = ["normal", "blue", "yellow", "orange", "red"];
const MANY = 12;
const NEW_MS = 60000;

export const arrow = (trend) =>
  trend === null || trend === undefined ? ["", ""] : trend > 0.15 ? ["↑", "rising-fast"] : trend > 0.03 ? ["↗", "rising"] : trend < -0.15 ? ["↓", "falling-fast"] : trend < -0.03 ? ["↘", "falling"] : ["→", "steady"];

function makeTile(id) {
  const item = element("li", "tile");
  const anchor = element("a");
  anchor.href = `/zones/${id}`;
  const parts = { item, anchor };
  for (const [name, tag] of [["sign", "span"], ["title", "span"], ["word", "span"], ["figure", "span"], ["hand", "span"], ["why", "span"]]) {
    parts[name] = element(tag, name);
    anchor.append(parts[name]);
  }
  parts.sign.setAttribute("aria-hidden", "true");
  for (const name of ["density", "unit", "trend", "ahead", "count"]) {
    parts[name] = element("span", name);
    parts.figure.append(parts[name]);
  }
  item.append(anchor);
  return parts;
}

function draw(id) {
  const zone = zones.get(id);
  let tile = tiles.get(id);
  if (!tile) tiles.set(id, (tile = makeTile(id)));
  const lost = link.state === "lost";
  const blind = zone.sight !== "seen" || lost;
  const calm = zone.tier === "normal" && !blind;
  tile.item.className = ["tile", zone.tier ?? "normal", blind ? "blind" : "", calm ? "calm" : "", calm && zones.size > MANY ? "small" : "", tile.newUntil > performance.now() && !blind ? "new" : ""].filter(Boolean).join(" ");
  set(tile.title, zone.title);
  set(tile.word, word(zone, lost));
  const density = blind ? null : zone.density;
  set(tile.density, density ? density.value.toFixed(1) : blind ? "?" : zone.people ? zone.people.value.toFixed(0) : "–");
  set(tile.unit, density ? words["density-unit"] : !blind && zone.people ? words["people-unit"] : "");
  const [mark, means] = arrow(density ? zone.trend : null);
  set(tile.trend, mark);
  tile.trend.setAttribute("aria-label", means ? words[means] : "");
  if (means) tile.trend.setAttribute("role", "img"); else tile.trend.removeAttribute("role");
  set(tile.ahead, density && zone.ahead ? `${say("in-minutes", { n: zone.ahead.minutes })} ${zone.ahead.value.toFixed(1)} (${zone.ahead.low.toFixed(1)}–${zone.ahead.high.toFixed(1)})` : "");
  set(tile.count, density && zone.people ? `${zone.people.value.toFixed(0)} ${words["people-unit"]}` : "");
  set(tile.hand, lost ? "" : hand(zone));
  set(tile.why, zone.tier === "normal" && !blind ? "" : reason(zone));
}

export function word(zone, lost) {
  const tier = words[`tier-${zone.tier ?? "normal"}`];
  const since = zone.since ? ` · ${words.since} ${time(zone.since, false)}` : "";
  if (lost || zone.sight === "lost") return zone.tier && zone.tier !== "normal" ? `${words["no-link"]} · ${words["last-known"]}: ${tier}` : words["no-link"];
  if (zone.sight === "held") return zone.tier && zone.tier !== "normal" ? `${words.held} ${tier}${since}` : `${words.unknown} · ${words["not-seen"]}`;
  return `${tier}${zone.forecast && zone.tier !== "normal" ? ` (${words.foreseen})` : ""}${zone.tier === "normal" ? "" : since}`;
}

export function hand(zone) {
  const it = zone.hand;
  if (!it) return "";
  if (it.phase === "acknowledged") return say("has-it", { who: it.who });
  if (!it.waits) return "";
  const due = it.due && link.now !== null ? Math.max(0, Math.round((it.due - link.now) / 1000)) : null;
  const next = due === null ? "" : ` · ${say("next-in", { n: due })}`;
  return it.called ? `${say("calling", { who: it.called })}${next}` : zone.tier === "blue" ? "" : words.nobody;
}

// Sound: a browser plays nothing before somebody has pressed a button, and a silent wall must say that it is silent.
const sound = document.getElementById("sound");
let audio = null;
sound.addEventListener("click", () => {
  if (audio && sound.getAttribute("aria-pressed") === "true") { sound.setAttribute("aria-pressed", "false"); set(sound, words["sound-off"]); return; }
  audio ??= new AudioContext();
  audio.resume().then(() => { sound.setAttribute("aria-pressed", "true"); set(sound, words["sound-on"]); ring("orange"); });
});
function ring(tier) {
  if (!audio || sound.getAttribute("aria-pressed") !== "true") return;
  window.rung = (window.rung ?? 0) + 1;
  const times = tier === "red" ? [0, 0.25, 0.5, 0.9, 1.15, 1.4] : [0, 0.5];
  for (const [number, at] of times.entries()) {
    const tone = audio.createOscillator(); const volume = audio.createGain();
    tone.type = "square"; tone.frequency.value = tier === "red" ? (number % 2 ? 1175 : 880) : 660;
    volume.gain.setValueAtTime(0.0001, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.25, audio.currentTime + at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at + 0.22);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at); tone.stop(audio.currentTime + at + 0.24);
  }
}
document.getElementById("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));

// The plan
const outlines = JSON.parse(document.getElementById("outlines").textContent).filter((site) => site.zones.length);
const areas = new Map();
const SVG = "http://www.w3.org/2000/svg";
const svg = (tag, attributes) => { const made = document.createElementNS(SVG, tag); for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value); return made; };
const width = (text) => [...text].reduce((sum, letter) => sum + (letter > "⺀" ? 1.8 : 1), 0);
function fold(title, room) {
  const rows = [];
  for (const word of title.split(/\s+/)) {
    if (rows.length && width(rows.at(-1)) + width(word) < room * 1.4) rows[rows.length - 1] += ` ${word}`; else rows.push(word);
  }
  return rows.slice(0, 3);
}
for (const site of outlines) {
  const points = site.zones.flatMap((zone) => zone.outline);
  const [left, top] = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])));
  const size = Math.max(right - left, bottom - top); const edge = size * 0.04;
  const picture = svg("svg", { viewBox: `${left - edge} ${top - edge} ${right - left + 2 * edge} ${bottom - top + 2 * edge}`, role: "group", "aria-label": site.title });
  const pattern = svg("pattern", { id: "hatch", patternUnits: "userSpaceOnUse", width: size / 30, height: size / 30, patternTransform: "rotate(45)" });
  pattern.append(svg("rect", { width: size / 30, height: size / 30, fill: "#6a717b" }), svg("rect", { width: size / 60, height: size / 30, fill: "#474d56" }));
  picture.append(pattern);
  const spread = (zone, axis) => Math.max(...zone.outline.map((point) => point[axis])) - Math.min(...zone.outline.map((point) => point[axis]));
  // Small places on top of large ones, with their names.
  for (const zone of [...site.zones].sort((one, other) => spread(other, 0) * spread(other, 1) - spread(one, 0) * spread(one, 1))) {
    const anchor = svg("a", { href: `/zones/${zone.id}` });
    const area = svg("polygon", { class: "area blind", points: zone.outline.map((point) => point.join(",")).join(" ") });
    const middle = [0, 1].map((axis) => zone.outline.reduce((sum, point) => sum + point[axis], 0) / zone.outline.length);
    const rows = fold(zone.title, spread(zone, 0) / (size * 0.03));
    const wide = Math.max(...rows.map(width));
    const height = Math.max(size * 0.022, Math.min(size * 0.05, (spread(zone, 0) * 1.6) / Math.max(4, wide)));
    const top = middle[1] - (rows.length * height * 1.15) / 2;
    const line = (text, number) => {
      const made = svg("text", { class: "name", x: middle[0], y: top + number * height * 1.15, "font-size": height, "stroke-width": height * 0.22 });
      made.textContent = text;
      return made;
    };
    const state = line("", rows.length);
    const hint = svg("title", {});
    area.append(hint);
    anchor.append(area, ...rows.map(line), state);
    picture.append(anchor);
    areas.set(zone.id, { area, hint, state, title: zone.title });
  }
  const figure = element("figure");
  figure.append(element("figcaption", "", site.title), picture);
  document.getElementById("plans").append(figure);
}
document.querySelector(".split").classList.toggle("planned", outlines.length > 0);
document.getElementById("plans").hidden = outlines.length === 0;

function drawArea(id) {
  const shown = areas.get(id); const zone = zones.get(id);
  if (!shown || !zone) return;
  const blind = zone.sight !== "seen" || link.state === "lost";
  shown.area.setAttribute("class", `area ${zone.tier ?? "normal"}${blind ? " blind" : ""}`);
  const numeral = { normal: "✓", blue: "IV", yellow: "III", orange: "II", red: "I" }[zone.tier] ?? "?";
  set(shown.state, blind ? "?" : zone.density ? `${numeral} · ${zone.density.value.toFixed(1)}` : numeral);
  shown.hint.textContent = `${shown.title}: ${word(zone, link.state === "lost")}`;
}

let first = true;
const before = new Map();
function count() {
  const number = { red: 0, orange: 0, yellow: 0, blue: 0, unknown: 0 };
  for (const zone of zones.values()) {
    if (zone.sight !== "seen") number.unknown += 1;
    if (zone.tier && zone.tier !== "normal") number[zone.tier] += 1;
  }
  set(summary, zones.size ? say("summary", number) : words["no-zones"]);
  document.title = `${number.red ? `🔴${number.red} ` : ""}${number.orange ? `🟠${number.orange} ` : ""}${number.unknown ? `?${number.unknown} ` : ""}${words.wall} · Levee`;
}

hear((message) => {
  if (message.t === "lost" || message.t === "live") { for (const id of zones.keys()) { draw(id); drawArea(id); } return; }
  if (message.t === "all") for (const [id, tile] of tiles) if (!zones.has(id)) { tile.item.remove(); tiles.delete(id); }
  list.classList.toggle("many", zones.size > MANY);
  const news = [];
  for (const { id } of message.zones) {
    const zone = zones.get(id); const old = before.get(id);
    const rank = TIERS.indexOf(zone.tier);
    if (!first && ALARMS.includes(zone.tier) && zone.sight !== "lost" && rank > (old ?? -1)) news.push(zone);
    before.set(id, rank);
    draw(id); drawArea(id);
    if (news.at(-1) === zone) { tiles.get(id).newUntil = performance.now() + NEW_MS; draw(id); }
  }
  // The worst first, in the document as on the screen: a reader hears them in this order too.
  if (message.order) {
    let at = list.firstElementChild;
    for (const id of order) {
      const item = tiles.get(id).item;
      if (item === at) at = at.nextElementSibling; else list.insertBefore(item, at);
    }
  }
  if (news.length) {
    ring(news.some((zone) => zone.tier === "red") ? "red" : "orange");
    alarm.textContent = news.slice(0, 5).map((zone) => say("new-alarm", { zone: zone.title, tier: words[`tier-${zone.tier}`] })).join("; ");
  }
  first = false;
  count();
});
setInterval(() => { for (const [id, zone] of zones) if (zone.hand || tiles.get(id)?.newUntil) draw(id); }, 1000);
