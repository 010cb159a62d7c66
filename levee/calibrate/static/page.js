// Steps, tools, keys, counting live, and saving.
import { state, onChange, changed, edit, settle, judge, send, undo, redo, canUndo, canRedo, removeChosen } from "./state.js";
import { draw, load, finish } from "./frame.js";
import { drawBird } from "./bird.js";
import { points, spans, pieces, zones, gates, counts } from "./panels.js";
import { speak, t, language } from "./words.js";

const $ = (name) => document.getElementById(name), all = (what) => [...document.querySelectorAll(what)];
const TOOLS = { v: "select", p: "point", d: "span", e: "edge", z: "zone", g: "gate" };

function status() {
  const verdict = state.verdict, drawing = state.drawing;
  const say = (text, how) => { $("status").textContent = text; $("status").className = how; };
  if (state.lost) return say(t("lost"), "bad");
  if (drawing) return say(drawing.kind === "span" ? t("drawingSpan") : drawing.kind === "gate" ? t("drawingGate") : t(drawing.kind === "edge" ? "drawingEdge" : "drawing", { n: drawing.pixels.length }), "warn");
  if (!verdict || state.step === 1) return say(t("start"), "");
  if (verdict.refusal) return say(verdict.refusal.line, "bad");
  if (verdict.needed) return say(verdict.needed.line, "warn");
  for (const [kind, list, key] of [["zones", state.draft.zones, "zoneFault"], ["gates", state.draft.gates, "gateFault"]]) for (const [index, one] of (verdict[kind] ?? []).entries()) if (one.refusal) return say(t(key, { n: list[index]?.name ?? "", l: one.refusal.line }), "bad");
  const residual = verdict.residual_m === null || verdict.residual_m === undefined ? null : verdict.residual_m.toFixed(3);
  return say(state.draft.method === "mount" ? (residual === null ? t("okMount") : t("okChecked", { r: residual })) : t("ok", { r: residual }), "good");
}
function forms() {
  const draft = state.draft, verdict = state.verdict;
  for (const one of all("[data-draft]")) if (one !== document.activeElement) one.value = draft[one.dataset.draft] ?? "";
  for (const one of all("[data-mount]")) if (one !== document.activeElement) one.value = draft.mount[one.dataset.mount] ?? "";
  for (const one of all("input[name=method]")) one.checked = one.value === draft.method;
  for (const one of all("[data-method]")) one.hidden = one.dataset.method !== draft.method;
  $("hint2").textContent = t({ points: "hintPoints", distances: "hintDistances", mount: "hintMount" }[draft.method]);
  $("pointsNote").textContent = t(draft.method === "mount" ? "axesMount" : "axes");
  const edges = draft.straight_lines.length, bend = edges ? verdict?.lens ?? 0 : draft.lens ?? 0;
  if ($("lens") !== document.activeElement) $("lens").value = bend;
  $("lens").disabled = edges > 0;
  $("lensShown").textContent = edges ? `${(100 * bend).toFixed(1)} % (${t("lensOf", { n: edges })})` : bend ? `${(100 * bend).toFixed(1)} % (${t(bend < 0 ? "barrel" : "cushion")})` : draft.distortion ? draft.distortion.join(", ") : t("none");
  $("pose").textContent = verdict?.pose ? t("poseText", { h: verdict.pose.height_m.toFixed(1), t: verdict.pose.tilt_deg.toFixed(0), f: verdict.pose.field_of_view_deg.toFixed(0) }) : "";
  for (const one of all("#steps button")) {
    if (Number(one.dataset.step) === state.step) one.setAttribute("aria-current", "step"); else one.removeAttribute("aria-current");
    one.classList.toggle("done", one.dataset.step === "2" ? Boolean(verdict?.digest) : one.dataset.step === "3" ? Boolean(verdict?.digest && draft.zones.length && verdict.zones.every((zone) => !zone.refusal)) : false);
  }
  for (const one of all("[data-panel]")) one.hidden = Number(one.dataset.panel) !== state.step;
  for (const one of all("[data-tool]")) { one.setAttribute("aria-pressed", String(one.dataset.tool === state.tool)); one.hidden = Boolean(one.dataset.for) && Number(one.dataset.for) !== state.step; }
  $("undo").disabled = !canUndo() && !state.drawing; $("redo").disabled = !canRedo(); $("delete").disabled = !state.chosen;
  $("live").textContent = t(state.live ? "liveStop" : "liveStart"); $("live").setAttribute("aria-pressed", String(state.live));
  $("files").textContent = t("filesTo", { b: state.info.box_file, s: state.info.site_file }) + (state.info.hidden_source ? `\n${t("secret", { v: state.info.hidden_source })}` : "");
}
onChange((what) => {
  draw();
  if (what === "cross") return;
  forms(); status(); drawBird();
  if (what !== "chosen") { points(); spans(); zones(); gates(); counts(); if (what !== "draft") pieces(); }
  if (what === "span") { const inputs = all("#spans td:nth-child(3) input"); inputs.at(-1)?.focus(); }
});
function go(step) {
  state.step = step; state.drawing = state.cross = null;
  state.tool = step === 2 ? (state.draft.method === "mount" ? "select" : "point") : step === 3 ? (state.draft.zones.length ? "select" : "zone") : "select";
  if (step !== 4) { state.live = false; state.look = null; load(false); }
  changed();
}
for (const one of all("button[data-step]")) one.addEventListener("click", () => go(Number(one.dataset.step)));
const take = (tool) => { const one = document.querySelector(`[data-tool="${tool}"]`); if (!one.hidden) { state.tool = tool; state.drawing = null; changed(); } };
for (const one of all("[data-tool]")) one.addEventListener("click", () => { take(one.dataset.tool); $("frame").focus({ preventScroll: true }); });
$("undo").addEventListener("click", undo); $("redo").addEventListener("click", redo); $("delete").addEventListener("click", removeChosen);
$("showGrid").addEventListener("change", draw);
for (const one of all("input[name=method]")) one.addEventListener("change", () => { edit(null, (draft) => { draft.method = one.value; }); state.tool = one.value === "mount" ? "select" : state.draft.points.length >= 4 && one.value === "distances" ? "span" : "point"; changed(); });
for (const one of all("[data-mount]")) { one.addEventListener("input", () => { if (one.value === "") return; edit(`mount ${one.dataset.mount}`, (draft) => { draft.mount[one.dataset.mount] = Number(one.value); if (one.dataset.mount === "field_of_view_deg") draft.focal_px = null; }); }); one.addEventListener("change", settle); }
for (const one of all("[data-draft]")) { one.addEventListener("input", () => edit(`draft ${one.dataset.draft}`, (draft) => { draft[one.dataset.draft] = one.type === "number" ? (one.value === "" ? { head_height_m: 1.55, residual_limit_m: 0.5 }[one.dataset.draft] ?? null : Number(one.value)) : one.value; })); one.addEventListener("change", settle); }
for (const one of all("input.name")) { one.pattern = "[a-z0-9]([\\-a-z0-9]{0,61}[a-z0-9])?"; }
$("lens").addEventListener("input", () => edit("lens", (draft) => { draft.lens = Number($("lens").value) || 0; draft.distortion = null; }));
$("lens").addEventListener("change", settle);
$("noLens").addEventListener("click", () => edit(null, (draft) => { draft.lens = 0; draft.distortion = null; draft.straight_lines = []; }));
$("noEdges").addEventListener("click", () => edit(null, (draft) => { draft.straight_lines = []; }));
$("addPiece").addEventListener("click", () => { edit(null, (draft) => draft.pieces.push({ line: [], area: [] })); changed(); });
$("addSpan").addEventListener("click", () => { if (state.draft.points.length > 1) { edit(null, (draft) => draft.spans.push({ a: 0, b: 1, metres: null })); changed("span"); } });
$("language").addEventListener("click", () => { speak(language() === "en" ? "zh" : "en"); localStorage.setItem("levee-language", language()); $("language").textContent = language() === "en" ? "中文" : "English"; changed(); judge(); });

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !["range", "checkbox", "radio"].includes(event.target.type);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) { event.preventDefault(); return event.shiftKey ? redo() : undo(); }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || $("ask").open) return undefined;
  if (event.key === "Escape") { state.drawing = state.cross = null; return changed(); }
  if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); return removeChosen(); }
  if (event.key === "Enter" && state.drawing && event.target.id !== "frame" && event.target.tagName !== "BUTTON") return finish();
  return TOOLS[event.key] ? take(TOOLS[event.key]) : undefined;
});

// Frames
async function turn(time_s) {
  try { const told = await send("/turn", { time_s }); state.info.frame = told.frame; state.info.time_s = told.time_s; state.look = null; load(false); }
  catch (error) { $("status").textContent = error.message; $("status").className = "bad"; }
  showTime();
}
const showTime = () => { $("timeShown").textContent = `${state.info.time_s.toFixed(1)} s`; if ($("time") !== document.activeElement) $("time").value = state.info.time_s; };
let turning = null;
$("time").addEventListener("input", () => { $("timeShown").textContent = `${$("time").value} s`; clearTimeout(turning); turning = setTimeout(() => turn(Number($("time").value)), 120); });
$("fresh").addEventListener("click", () => turn(0));

// Counting: one frame after the other, at most one a second.
async function count() {
  const begun = performance.now();
  const { live, duration_s } = state.info, next = live ? 0 : state.look === null ? state.info.time_s : duration_s > 0 ? (state.info.time_s + 1) % duration_s : 0;
  try {
    const look = await send("/look", { time_s: next });
    if (!state.live) return;
    state.look = look; state.info.frame = look.frame; state.info.time_s = look.time_s;
    load(true); changed("look"); showTime();
  } catch (error) { state.live = false; changed(); $("status").textContent = error.message; $("status").className = "bad"; return; }
  setTimeout(() => state.live && count(), Math.max(50, 1000 - (performance.now() - begun)));
}
$("live").addEventListener("click", () => { state.live = !state.live; state.look = state.live ? null : state.look; changed(); if (state.live) count(); });

// Saving
async function save(replace) {
  const box = $("saved");
  try {
    const told = await send("/save", { replace });
    box.className = told.faults.length ? "bad" : "";
    if (told.faults.length) { box.textContent = told.faults.join("\n"); return; }
    if (told.ask.length) {
      $("askText").textContent = t("askText", { f: told.ask.join(", ") }); $("ask").returnValue = "no"; $("ask").showModal();
      $("ask").addEventListener("close", () => { if ($("ask").returnValue === "yes") save(true); }, { once: true });
      return;
    }
    box.replaceChildren(told.written.length ? t("savedTo", { f: told.written.join(", ") }) : t("nothingNew"), ...told.warnings.map((line) => `\n${line}`), `\n${t("tryIt")}`);
    const code = document.createElement("code");
    code.textContent = `levee count ${state.info.hidden_source ? `"$${state.info.hidden_source}"` : state.info.source} --zones ${state.info.box_file} --video seen.mp4`;
    box.append(code);
    const again = await (await fetch("/start")).json();
    state.draft.zones.forEach((zone) => { zone.was = zone.name; }); state.draft.gates.forEach((gate) => { gate.was = gate.name; });
    state.info.box_there = again.box_there;
    document.body.dataset.saved = String(Number(document.body.dataset.saved ?? 0) + 1);
  } catch (error) { box.className = "bad"; box.textContent = error.message; }
}
$("save").addEventListener("click", () => save(false));

// Beginning
state.info = await (await fetch("/start")).json();
state.draft = state.info.draft;
state.draft.responsible ||= "duty room";
speak(localStorage.getItem("levee-language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
$("language").textContent = language() === "en" ? "中文" : "English";
$("source").textContent = state.info.source;
$("size").textContent = state.draft.picture.join(" × ");
$("times").hidden = state.info.live || state.info.duration_s <= 0; $("fresh").hidden = !state.info.live;
$("time").max = state.info.duration_s; showTime();
load(false);
go(state.draft.zones.length ? 3 : state.draft.points.length || state.draft.method === "mount" ? 2 : 1);
await judge();
document.body.dataset.ready = "1";
