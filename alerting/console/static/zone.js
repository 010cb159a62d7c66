// One zone: how it is now, who has it, and the last hours as a chart.
import { element, hear, link, reason, say, send, set, tell, time, words, zones } from "./page.js";

const main = document.getElementById("main");
const id = main.dataset.id;
const now = document.getElementById("now");
const handBox = document.getElementById("hand");
const box = document.getElementById("chart");
const strip = document.getElementById("strip");
let chart = null;
let known = null;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const arrow = (trend) => trend === null || trend === undefined ? "" : trend > 0.15 ? "↑" : trend > 0.03 ? "↗" : trend < -0.15 ? "↓" : trend < -0.03 ? "↘" : "→";
const card = (label, value, name = "") => { const made = element("div", name); made.append(element("div", "label", label), element("div", "value", value)); return made; };
const band = (one, digits) => `${one.value.toFixed(digits)} (${one.low.toFixed(digits)}–${one.high.toFixed(digits)})`;

let shown = "";
function draw() {
  const zone = zones.get(id);
  if (!zone) return;
  const lost = link.state === "lost" || zone.sight === "lost";
  const blind = lost || zone.sight !== "seen";
  const state = JSON.stringify([zone, link.state, blind]);
  if (state === shown) return;
  shown = state;
  const tier = element("div");
  const chip = element("span", `chip ${zone.tier ?? "normal"}${blind ? " blind" : ""}`);
  const sign = element("span", "sign"); sign.setAttribute("aria-hidden", "true");
  const name = words[`tier-${zone.tier ?? "normal"}`];
  chip.append(sign, lost ? (zone.tier && zone.tier !== "normal" ? `${words["no-link"]} · ${words["last-known"]}: ${name}` : words["no-link"]) : blind ? (zone.tier !== "normal" ? `${words.held} ${name}` : words.unknown) : name);
  tier.append(element("div", "label", zone.since ? `${words.tier} · ${words.since} ${time(zone.since)}` : words.tier), chip);
  const cards = [tier];
  if (!blind && zone.density) cards.push(card(words["density-worst"], `${band(zone.density, 1)} ${arrow(zone.trend)}`, "figure"));
  if (!blind && zone.ahead) cards.push(card(`${words.forecast} · ${say("in-minutes", { n: zone.ahead.minutes })}`, band(zone.ahead, 1), "figure"));
  if (!blind && zone.people) cards.push(card(words.people, band(zone.people, 0), "figure"));
  if (zone.inflow !== null && zone.inflow !== undefined && !lost) cards.push(card(`${words.flows} (${words["flow-unit"]})`, `${zone.inflow.toFixed(0)} / ${zone.outflow.toFixed(0)}`, "figure"));
  const why = element("div", "whole"); why.append(element("span", "label", `${words.why}: `), reason(zone) || "–");
  now.replaceChildren(...cards, why);
  // Heard only when it changes: figures move each second.
  set(document.getElementById("told"), chip.textContent);
  drawHand(zone, lost);
}

function drawHand(zone, lost) {
  const it = zone.hand;
  if (!it || lost) { handBox.replaceChildren(); return; }
  const parts = [element("span", "", it.phase === "acknowledged" ? say("has-it", { who: it.who }) : it.called ? say("calling", { who: it.called }) : words.nobody)];
  if (it.phase !== "acknowledged" && main.dataset.may === "duty") {
    if (main.dataset.person) {
      const button = element("button", "main", words.acknowledge);
      button.id = "acknowledge";
      button.addEventListener("click", async () => {
        button.disabled = true;
        const { ok, status, said } = await send(`POST /api/v1/incidents/${it.incident}/acknowledge`, { alarm: it.alarm });
        button.disabled = false;
        tell(ok ? (status === 202 ? words["waiting-words"] : words.acknowledged) : words[said.error] ?? said.words ?? words.failed, !ok);
      });
      parts.push(button);
    } else parts.push(element("span", "quiet", words["no-person"]));
  }
  const had = document.activeElement?.id === "acknowledge";
  handBox.replaceChildren(...parts);
  if (had) document.getElementById("acknowledge")?.focus();
}

// The chart
const hours = () => Number(document.querySelector("[name=hours]:checked").value);
let asked = 0;
async function load() {
  const mine = ++asked;
  try {
    const answer = await fetch(`/api/v1/zones/${id}/history?hours=${hours()}`);
    if (!answer.ok || mine !== asked) return;
    known = await answer.json();
    paint();
  } catch { /* a lost connection says so by itself */ }
}

function columns() {
  const blank = known.at.map(() => null);
  const last = known.ahead.length ? known.ahead.at(-1).minutes * 60 : 0;
  const x = [...known.at]; const more = known.ahead.filter((one) => one.minutes * 60 <= Math.max(last, 900));
  const rows = { value: [...known.density.value], low: [...known.density.low], high: [...known.density.high], median: [...blank], lower: [...blank], upper: [...blank] };
  const newest = rows.value.findLastIndex((value) => value !== null);
  if (more.length && newest >= 0 && known.now - x[newest] < 120) { rows.median[newest] = rows.lower[newest] = rows.upper[newest] = rows.value[newest]; }
  for (const one of more) {
    x.push(known.now + one.minutes * 60);
    for (const name of ["value", "low", "high"]) rows[name].push(null);
    rows.median.push(one.value); rows.lower.push(one.low); rows.upper.push(one.high);
  }
  return [x, rows.value, rows.low, rows.high, rows.median, rows.lower, rows.upper];
}

const LEVELS = ["blue", "yellow", "orange", "red"];
function lines(u) {
  if (!known.thresholds) return;
  const { ctx, bbox } = u;
  ctx.save(); ctx.font = `600 ${12 * devicePixelRatio}px ${css("--font")}`; ctx.textAlign = "right"; ctx.textBaseline = "bottom";
  for (const tier of LEVELS) {
    const y = u.valToPos(known.thresholds[tier], "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = css(`--${tier}`); ctx.lineWidth = 2 * devicePixelRatio; ctx.setLineDash([8, 5]);
    ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(bbox.left + bbox.width, y); ctx.stroke();
    ctx.fillStyle = css("--text");
    ctx.fillText(`${words[`tier-${tier}`]} ≥ ${known.thresholds[tier]}`, bbox.left + bbox.width - 4, y - 2);
  }
  const at = u.valToPos(known.now, "x", true);
  ctx.strokeStyle = css("--quiet"); ctx.lineWidth = devicePixelRatio; ctx.setLineDash([2, 3]);
  ctx.beginPath(); ctx.moveTo(at, bbox.top); ctx.lineTo(at, bbox.top + bbox.height); ctx.stroke();
  ctx.restore();
}

function paint() {
  const data = columns();
  const seen = [...data[3], ...data[6]].filter((value) => value !== null);
  const wanted = known.thresholds ? known.thresholds.red * 1.08 : 1;
  const top = Math.max(wanted, Math.min(Math.max(0, ...seen) * 1.08, wanted * 2.2));
  const size = { width: box.clientWidth - 14, height: Math.max(260, Math.min(460, innerHeight * 0.45)) };
  const zone = document.body.dataset.zone;
  if (chart) chart.destroy();
  box.replaceChildren();
  chart = new uPlot({
    ...size, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone), cursor: { drag: { x: true, y: false } }, legend: { show: false },
    scales: { x: { time: true }, y: { range: [0, top] } },
    axes: [{ stroke: css("--text"), grid: { stroke: css("--line"), width: 0.5 }, ticks: { stroke: css("--line") }, values: (u, splits) => splits.map((at) => time(at * 1000, false)) }, { stroke: css("--text"), grid: { stroke: css("--line"), width: 0.5 }, ticks: { stroke: css("--line") }, size: 44 }],
    series: [{}, { stroke: css("--stroke"), width: 2.5, spanGaps: false }, { stroke: "transparent" }, { stroke: "transparent" }, { stroke: css("--ahead"), width: 2.5, dash: [6, 4], spanGaps: true }, { stroke: "transparent", spanGaps: true }, { stroke: "transparent", spanGaps: true }].map((one) => ({ ...one, points: { show: false } })),
    bands: [{ series: [3, 2], fill: css("--band") }, { series: [6, 5], fill: css("--ahead-band") }],
    hooks: { draw: [lines] },
  }, data, box);
  // Where the plot lies is known once it has been laid out.
  requestAnimationFrame(() => chart && drawStrip(data[0]));
  paintFlows(data[0]);
  drawTable();
  window.charted = known.density.value.filter((value) => value !== null).length;
}

let flows = null;
function paintFlows(x) {
  const section = document.getElementById("flows"); const place = document.getElementById("flowchart");
  section.hidden = !known.inflow.value.some((value) => value !== null);
  if (section.hidden) return;
  flows?.destroy(); place.replaceChildren();
  const zone = document.body.dataset.zone; const pad = x.slice(known.at.length).map(() => null);
  const axis = { stroke: css("--text"), grid: { stroke: css("--line"), width: 0.5 }, ticks: { stroke: css("--line") } };
  flows = new uPlot({
    width: place.clientWidth - 14, height: 150, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone), legend: { show: false },
    scales: { x: { time: true }, y: { range: (u, low, high) => [0, Math.max(10, high * 1.1)] } },
    axes: [{ ...axis, values: (u, splits) => splits.map((at) => time(at * 1000, false)) }, { ...axis, size: 44 }],
    series: [{}, { stroke: css("--stroke"), width: 2.5, points: { show: false } }, { stroke: css("--ahead"), width: 2.5, dash: [3, 3], points: { show: false } }],
    hooks: { draw: [(u) => {
      u.ctx.save(); u.ctx.font = `600 ${12 * devicePixelRatio}px ${css("--font")}`; u.ctx.fillStyle = css("--text"); u.ctx.textBaseline = "top"; u.ctx.textAlign = "left";
      u.ctx.fillText(`— ${words.inflow}   ┄ ${words.outflow}`, u.bbox.left + 8, u.bbox.top + 4); u.ctx.restore();
    }] },
  }, [x, [...known.inflow.value, ...pad], [...known.outflow.value, ...pad]], place);
}

function drawStrip(x) {
  const plot = chart.over.getBoundingClientRect(); const mine = strip.getBoundingClientRect();
  const end = Math.max(known.now, x.at(-1));
  strip.replaceChildren();
  const place = (at) => plot.left - mine.left - strip.clientLeft + ((at - x[0]) / (end - x[0])) * plot.width;
  for (const [number, one] of known.tiers.entries()) {
    const until = known.tiers[number + 1]?.at ?? known.now;
    const from = Math.max(one.at, x[0]);
    if (until <= from) continue;
    const piece = element("span", one.held ? "blind" : one.tier, one.held ? `? ${words[`tier-${one.tier}`]}` : words[`tier-${one.tier}`]);
    piece.style.left = `${place(from)}px`;
    piece.style.width = `${Math.max(2, place(until) - place(from))}px`;
    strip.append(piece);
  }
}

function drawTable() {
  const body = document.querySelector("#figures tbody");
  if (!body.closest("details").open) return;
  const rows = [];
  for (let number = known.at.length - 1; number >= 0 && rows.length < 240; number -= 1) {
    const { value, low, high } = known.density;
    if (value[number] === null && known.people.value[number] === null) continue;
    const row = element("tr");
    row.append(element("td", "", time(known.at[number] * 1000)), element("td", "number", value[number]?.toFixed(2) ?? "–"), element("td", "number", value[number] === null ? "–" : `${low[number].toFixed(2)}–${high[number].toFixed(2)}`), element("td", "number", known.people.value[number]?.toFixed(0) ?? "–"));
    rows.push(row);
  }
  body.replaceChildren(...rows);
}
document.querySelector("details").addEventListener("toggle", () => known && drawTable());

const legend = document.getElementById("legend");
for (const [colour, text] of [["--stroke", words.density], ["--band", words.band], ["--ahead", words.forecast], ["--ahead-band", `${words.forecast}: ${words.band}`]]) {
  const part = element("span"); const mark = element("i"); mark.style.background = css(colour);
  part.append(mark, text); legend.append(part);
}
document.querySelectorAll("[name=hours]").forEach((choice) => choice.addEventListener("change", load));
let resize;
addEventListener("resize", () => { clearTimeout(resize); resize = setTimeout(() => known && paint(), 150); });
hear((message) => { draw(); if (message.t === "all") load(); });
setInterval(() => link.state === "live" && document.visibilityState === "visible" && load(), 10000);
load();
