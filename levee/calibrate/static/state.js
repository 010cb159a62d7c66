// The draft that is worked on, what the server says of it, and how to go back.
import { language, t } from "./words.js";

export const state = {
  info: null, draft: null, verdict: null, look: null, step: 1, tool: "select",
  // what is selected: {kind: point|zone|gate|edge, index, corner}
  chosen: null,
  // what is being drawn: {kind, pixels} or {kind: "span", a}
  drawing: null,
  cross: null, live: false, lost: false,
};
const listeners = [];
export const onChange = (act) => listeners.push(act);
export const changed = (what = "all") => listeners.forEach((act) => act(what));

const past = [], future = [];
export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

// Note how things stand before they are changed. Steps with the same word (one drag, one field) are one.
let lastWord = null;
export function remember(word = null) {
  if (word !== null && word === lastWord) return;
  lastWord = word;
  past.push(JSON.stringify(state.draft));
  if (past.length > 200) past.shift();
  future.length = 0;
}
export const settle = () => { lastWord = null; };
function step(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(state.draft));
  state.draft = JSON.parse(from.pop());
  state.chosen = state.drawing = null;
  settle();
  changed();
  judge();
}
export const undo = () => {
  if (state.drawing?.pixels?.length) {
    state.drawing.pixels.pop();
    if (!state.drawing.pixels.length) state.drawing = null;
    changed();
  } else step(past, future);
};
export const redo = () => step(future, past);

export async function send(path, more = {}) {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json", "x-levee-calibrate": "1" },
    body: JSON.stringify({ draft: state.draft, language: language(), ...more }),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error ?? answer.statusText);
  return found;
}

// One question at a time; what was asked meanwhile is asked once, with how things stand then.
let asking = false, again = false;
export async function judge() {
  if (asking) { again = true; return; }
  asking = true;
  document.body.dataset.asking = "1";
  do {
    again = false;
    try {
      state.verdict = await send("/judge");
      state.lost = false;
    } catch (error) {
      state.lost = error instanceof TypeError;
      state.verdict = { ...(state.verdict ?? {}), refusal: { line: state.lost ? t("lost") : error.message, where: [] } };
    }
    changed("verdict");
  } while (again);
  asking = false;
  delete document.body.dataset.asking;
}

export function edit(word, act) {
  remember(word);
  act(state.draft);
  changed("draft");
  judge();
}

// What the list of shapes of a kind is.
export const shapes = (kind) => (kind === "zone" ? state.draft.zones : state.draft.gates);
export const found = (kind) => (state.verdict?.[kind === "zone" ? "zones" : "gates"] ?? []);

// Where the corners of a shape stand in the picture.
export function cornersOf(kind, index) {
  const shape = shapes(kind)[index];
  return shape.pixels.length ? shape.pixels : found(kind)[index]?.pixels ?? [];
}
export function freeName(stem, list) {
  const taken = new Set(list.map((one) => one.name).concat(state.info?.other_zones ?? []));
  for (let n = 1; ; n += 1) if (!taken.has(`${stem}-${n}`)) return `${stem}-${n}`;
}
export function removeChosen() {
  const at = state.chosen;
  if (!at) return;
  edit(null, (draft) => {
    if (at.kind === "point") {
      draft.points.splice(at.index, 1);
      draft.spans = draft.spans.filter((s) => s.a !== at.index && s.b !== at.index)
        .map((s) => ({ ...s, a: s.a - (s.a > at.index), b: s.b - (s.b > at.index) }));
    } else if (at.kind === "edge") draft.straight_lines.splice(at.index, 1);
    else if (at.kind === "zone" && at.corner !== undefined && cornersOf("zone", at.index).length > 3) {
      const zone = draft.zones[at.index];
      zone.pixels = cornersOf("zone", at.index).filter((_, n) => n !== at.corner);
      zone.metres = null;
    } else shapes(at.kind).splice(at.index, 1);
    state.chosen = null;
  });
}
