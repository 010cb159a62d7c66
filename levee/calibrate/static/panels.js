// The forms beside the frame.
import { state, edit, settle, shapes, found, changed, removeChosen, cornersOf } from "./state.js";
import { colourOff } from "./frame.js";
import { t, language } from "./words.js";

const $ = (name) => document.getElementById(name);
const number = (text) => (text.trim() === "" || !Number.isFinite(Number(text.replace(",", "."))) ? null : Number(text.replace(",", ".")));
function make(tag, more = {}, ...inside) { const one = Object.assign(document.createElement(tag), more); one.append(...inside); return one; }

// A field that is not taken out of a person's hands while it is being typed in.
function field(key, value, act, more = {}) {
  const one = make("input", { value: value ?? "", autocomplete: "off", ...more });
  one.dataset.key = key;
  if (more.label) one.setAttribute("aria-label", more.label);
  one.addEventListener("input", () => edit(`field ${key}`, (draft) => act(draft, one.value)));
  one.addEventListener("change", settle);
  return one;
}
// What stands is changed where it differs and never replaced, so that nobody loses the field under the fingers.
function refill(box, rows) {
  while (box.childNodes.length > rows.length) box.lastChild.remove();
  rows.forEach((row, n) => (box.childNodes[n] ? morph(box.childNodes[n], row) : box.append(row)));
}
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.dataset?.key !== fresh.dataset?.key) { old.replaceWith(fresh); return; }
  if (old.nodeType === Node.TEXT_NODE) { if (old.data !== fresh.data) old.data = fresh.data; return; }
  if (old.className !== fresh.className) old.className = fresh.className;
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  for (const name of ["title", "aria-label"]) if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  if (["INPUT", "TEXTAREA"].includes(old.nodeName)) { if (old !== document.activeElement && old.value !== fresh.value) old.value = fresh.value; return; }
  if (old.nodeName === "SELECT") { const value = fresh.value; old.replaceChildren(...fresh.childNodes); old.value = value; return; }
  refill(old, [...fresh.childNodes]);
}
const off = (one) => { const cell = make("td", { className: "n", textContent: one ? `${Math.abs(one.off_m).toFixed(2)} m` : "–" }); if (one) cell.style.color = colourOff(one.off_m, state.draft.residual_limit_m); return cell; };
const cross = (label, act) => { const one = make("button", { className: "quiet cross", textContent: "✕", title: t("drop") }); one.setAttribute("aria-label", label); one.addEventListener("click", act); return one; };

export function points() {
  const rows = state.draft.points.map((point, index) => {
    const typed = (axis) => field(`point ${index} ${axis}`, point[axis], (draft, text) => { draft.points[index][axis] = axis === "z" ? number(text) ?? 0 : number(text); }, { inputMode: "decimal", label: `${index + 1} ${axis}` });
    const seen = state.verdict?.points?.[index];
    const told = state.draft.method === "distances" ? ["x", "y"].map((_, k) => make("td", { className: "n", textContent: seen ? seen.seen[k].toFixed(2) : "–" })) : ["x", "y"].map((axis) => make("td", {}, typed(axis)));
    const row = make("tr", { className: state.chosen?.kind === "point" && state.chosen.index === index ? "on" : "" },
      make("td", { textContent: index + 1 }), ...told, make("td", {}, typed("z")), off(seen),
      make("td", {}, cross(`${t("remove")} ${index + 1}`, () => { state.chosen = { kind: "point", index }; removeChosen(); })));
    row.addEventListener("focusin", () => { if (state.chosen?.kind !== "point" || state.chosen.index !== index) { state.chosen = { kind: "point", index }; changed("chosen"); } });
    return row;
  });
  refill($("points").tBodies[0], rows);
}
export function spans() {
  const rows = state.draft.spans.map((span, index) => {
    const end = (which) => {
      const list = make("select", {}, ...state.draft.points.map((_, n) => make("option", { value: n, textContent: n + 1, selected: n === span[which] })));
      list.dataset.key = `span ${index} ${which}`; list.setAttribute("aria-label", `${index + 1} ${t(which === "a" ? "from" : "to")}`);
      list.addEventListener("change", () => edit(null, (draft) => { draft.spans[index][which] = Number(list.value); }));
      return list;
    };
    const told = state.verdict?.spans?.[index];
    return make("tr", {}, make("td", {}, end("a")), make("td", {}, end("b")),
      make("td", {}, field(`span ${index} metres`, span.metres, (draft, text) => { draft.spans[index].metres = number(text); }, { inputMode: "decimal", label: `${index + 1} ${t("metres")}` })),
      make("td", { className: "n", textContent: told ? told.seen[0].toFixed(2) : "–" }), off(told),
      make("td", {}, cross(`${t("remove")} ${index + 1}`, () => edit(null, (draft) => draft.spans.splice(index, 1)))));
  });
  refill($("spans").tBodies[0], rows);
}
export function pieces() {
  const rows = state.draft.pieces.map((piece, index) => {
    const area = make("textarea", { rows: 3, value: piece.line.map((p) => p.join(" ")).join("\n"), placeholder: "0 12 0\n0 17 2.4" });
    area.dataset.key = `piece ${index}`; area.setAttribute("aria-label", t("flight", { n: index + 1 }));
    area.addEventListener("change", () => edit(null, (draft) => { draft.pieces[index].line = area.value.split("\n").map((row) => row.trim().split(/[\s,;]+/).map(Number)).filter((row) => row.length === 3 && row.every(Number.isFinite)); }));
    return make("div", { className: "card" }, make("div", { className: "row" }, make("span", { textContent: t("flight", { n: index + 1 }) }), cross(`${t("remove")} ${index + 1}`, () => edit(null, (draft) => draft.pieces.splice(index, 1)))), area);
  });
  refill($("pieces"), rows);
}
const labelled = (words, one) => make("label", {}, make("span", { textContent: words }), one);
function picked(key, label, options, value, act) {
  const list = make("select", {}, ...options.map(([name, words]) => make("option", { value: name, textContent: words, selected: name === value })));
  list.dataset.key = key; list.setAttribute("aria-label", label);
  list.addEventListener("change", () => edit(null, (draft) => act(draft, list.value)));
  return list;
}
export function zones() {
  const cards = state.draft.zones.map((zone, index) => {
    const told = found("zone")[index];
    const rename = (draft, text) => { const before = draft.zones[index].name; draft.zones[index].name = text; for (const gate of draft.gates) { if (gate.into === before) gate.into = text; if (gate.out_of === before) gate.out_of = text; } };
    return card("zone", index, told,
      make("div", { className: "row" },
        labelled(t("name"), field(`zone ${index} name`, zone.name, rename, { className: "name", pattern: "[a-z0-9]([\\-a-z0-9]{0,61}[a-z0-9])?", spellcheck: false })),
        labelled(t("called"), field(`zone ${index} title`, zone.title, (draft, text) => { draft.zones[index].title = text; }))),
      make("div", { className: "row" },
        labelled(t("kind"), picked(`zone ${index} kind`, t("kind"), state.info.kinds.map((one) => [one.name, one[language()]]), zone.kind, (draft, name) => { draft.zones[index].kind = name; })),
        labelled(t("capacity"), field(`zone ${index} capacity`, zone.capacity, (draft, text) => { const n = number(text); draft.zones[index].capacity = n && n >= 1 ? Math.round(n) : null; }, { inputMode: "numeric" }))),
      told?.size ? t("area", { a: told.size.toFixed(1) }) : "");
  });
  refill($("zones"), cards.length ? cards : [make("p", { className: "small", textContent: t("noZones") })]);
}
export function gates() {
  const places = [["", t("outside")], ...[...state.draft.zones, ...(state.info.other_zones ?? []).filter((name) => !state.draft.zones.some((z) => z.name === name || z.was === name)).map((name) => ({ name, title: "" }))].map((zone) => [zone.name, zone.title || zone.name])];
  const cards = state.draft.gates.map((gate, index) => {
    const told = found("gate")[index], swap = make("button", { className: "quiet", textContent: t("swap") });
    swap.addEventListener("click", () => edit(null, (draft) => { const one = draft.gates[index]; one.pixels = [...cornersOf("gate", index)].reverse(); one.metres = null; }));
    return card("gate", index, told,
      make("div", { className: "row" }, labelled(t("name"), field(`gate ${index} name`, gate.name, (draft, text) => { draft.gates[index].name = text; }, { className: "name", pattern: "[a-z0-9]([\\-a-z0-9]{0,61}[a-z0-9])?", spellcheck: false })), swap),
      make("div", { className: "row" },
        labelled(t("outOf"), picked(`gate ${index} out`, t("outOf"), places, gate.out_of, (draft, name) => { draft.gates[index].out_of = name; })),
        labelled(t("into"), picked(`gate ${index} into`, t("into"), places, gate.into, (draft, name) => { draft.gates[index].into = name; }))),
      told?.size ? t("wide", { a: told.size.toFixed(2) }) : "");
  });
  refill($("gates"), cards.length ? cards : [make("p", { className: "small", textContent: t("noZones") })]);
}
function card(kind, index, told, first, second, size) {
  const one = make("div", { className: `card${state.chosen?.kind === kind && state.chosen.index === index ? " on" : ""}` }, first, second,
    make("div", { className: "row" }, make("span", { className: "small", textContent: size }), cross(`${t("remove")} ${shapes(kind)[index].name}`, () => { state.chosen = { kind, index }; removeChosen(); })),
    make("p", { className: "fault", textContent: told?.refusal?.line ?? "" }));
  one.addEventListener("focusin", () => { if (state.chosen?.kind !== kind || state.chosen.index !== index) { state.chosen = { kind, index }; changed("chosen"); } });
  return one;
}
export function counts() {
  const look = state.look, table = $("counts");
  table.hidden = !look?.zones?.length;
  const whole = (three) => `${Math.round(three[0])} (${Math.round(three[1])}–${Math.round(three[2])})`, fine = (three) => `${three[0].toFixed(1)} (${three[1].toFixed(1)}–${three[2].toFixed(1)})`;
  $("total").textContent = !look ? "" : look.refusal ? t("unknown", { why: look.refusal }) : t("inView", { v: Math.round(look.total[0]), l: Math.round(look.total[1]), h: Math.round(look.total[2]) }) + (look.state === "degraded" ? ` – ${t("degraded", { why: look.reasons.join(", ") })}` : "");
  table.tBodies[0].replaceChildren(...(look?.zones ?? []).map((zone) => make("tr", {}, ...[zone.name, whole(zone.people), zone.density.toFixed(2), fine(zone.worst)].map((text) => make("td", { textContent: text })))));
}
