// What every page has: the link, the clock, the service's health, forms, and parts that are fetched anew.
import { Link } from "./link.js";

export const words = JSON.parse(document.getElementById("words").textContent);
export const zones = new Map();
export let order = [];
const hearers = [];
const zone = document.body.dataset.zone;
const clock = document.getElementById("clock");
const health = document.getElementById("health");
const lost = document.getElementById("lost");
let revisions = null;

export const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const time = (ms, seconds = true) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) }).format(ms);
export const element = (tag, name = "", text = "") => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
};
export const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
export const hear = (hearer) => hearers.push(hearer);
const chinese = document.documentElement.lang.startsWith("zh");
export const reason = (zone) => (chinese ? zone.why_zh : zone.why) ?? "";
export const ago = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 90 ? say("ago-s", { n: s }) : s < 5400 ? say("ago-min", { n: Math.round(s / 60) }) : say("ago-h", { n: Math.round(s / 3600) });
};

function take(message) {
  if (message.t === "all") zones.clear();
  for (const fresh of message.zones) zones.set(fresh.id, { ...zones.get(fresh.id), ...fresh });
  if (message.order) order = message.order;
  showHealth(message.health);
  if (revisions) {
    for (const part of document.querySelectorAll("[data-fresh]")) {
      if (part.dataset.fresh.split(" ").some((name) => name && message.rev[name] !== revisions[name])) refresh(part);
    }
  } else if (message.t === "all" && started) {
    document.querySelectorAll("[data-fresh]").forEach(refresh);
  }
  revisions = message.rev;
  for (const hearer of hearers) hearer(message);
}
let started = false;

function showHealth(state) {
  health.dataset.state = state.state;
  const first = state.wrong[0];
  const silent = first === "service-lost" && state.silent_s !== null ? ` (${say("silent-for", { n: Math.round(state.silent_s) })})` : "";
  set(health.querySelector(".words"), first ? words[first] + silent : words["all-well"]);
}

export const link = new Link(take, (state) => {
  lost.hidden = state !== "lost";
  if (state === "lost") {
    health.dataset.state = "lost";
    set(health.querySelector(".words"), words["link-lost"]);
    revisions = null;
    started = true;
  }
  for (const hearer of hearers) hearer({ t: state });
});

setInterval(() => {
  if (link.now !== null && link.state === "live") { set(clock, time(link.now)); clock.dateTime = new Date(link.now).toISOString(); }
  if (link.state === "lost" && Number.isFinite(link.silent)) set(lost.querySelector(".for"), ago(link.silent));
}, 250);

// Parts of the page that are made by the console: fetched anew when what they show has changed.
const fetching = new Set();
export async function refresh(part) {
  if (fetching.has(part.id) || part.contains(document.activeElement?.closest("input, select"))) return;
  fetching.add(part.id);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") location.reload();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  } catch { /* the next change is another try, and a lost connection says so by itself */ } finally { fetching.delete(part.id); }
}
for (const part of document.querySelectorAll("[data-every]")) setInterval(() => refresh(part), 1000 * part.dataset.every);

// Forms: their fields as JSON to the API.
const toast = document.getElementById("toast");
let hush;
export function tell(text, wrong = false) {
  toast.textContent = text;
  toast.className = `toast shown${wrong ? " wrong" : ""}`;
  clearTimeout(hush);
  hush = setTimeout(() => toast.classList.remove("shown"), wrong ? 9000 : 4000);
}
export async function send(what, body) {
  const [method, address] = what.split(" ");
  const headers = { "X-CSRF-Token": document.body.dataset.csrf };
  if (method !== "DELETE") headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(address, { method, headers, body: method === "DELETE" ? undefined : JSON.stringify(body) });
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401) location.assign(`/login?over=1&to=${encodeURIComponent(location.pathname)}`);
    return { ok: answer.ok, status: answer.status, said };
  } catch { return { ok: false, status: 0, said: { words: words["link-lost"] } }; }
}
function fields(form) {
  const body = {}; let path = form.dataset.send;
  for (const field of form.querySelectorAll("[name]")) {
    const as = field.dataset.as; const name = field.name;
    let value = field.value;
    if (as === "number") value = Number(value);
    else if (as === "boolean") value = field.checked;
    else if (as === "json") value = JSON.parse(value);
    else if (as === "path") { path = path.replace(`{${name}}`, encodeURIComponent(value)); continue; }
    else if (as === "place") { [body.site, body.zone] = value.split("/"); continue; }
    const steps = name.split("."); const last = steps.pop();
    steps.reduce((at, step) => (at[step] ??= {}), body)[last] = value;
  }
  return [path, body];
}
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-send]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button:not([type=button])");
  if (button.disabled) return;
  button.disabled = true;
  const { ok, status, said } = await send(...fields(form));
  button.disabled = false;
  const output = form.querySelector("output");
  if (ok) {
    tell(status === 202 ? words["waiting-words"] : words.done);
    if (form.dataset.secret !== undefined && said.secret) output.textContent = `${words["token-shown"]} ${said.secret}`;
    if (form.dataset.clear !== undefined) form.reset();
    form.closest("dialog")?.close();
    document.activeElement?.blur?.();
    setTimeout(() => document.querySelectorAll("[data-fresh]").forEach(refresh), 100);
  } else {
    const line = words[said.error] ?? said.words ?? words.failed;
    if (output && form.closest("dialog")) output.textContent = said.words ?? line;
    tell(line, true);
  }
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.open);
    dialog.querySelector("form").dataset.send = opener.dataset.send;
    dialog.querySelector("output").textContent = "";
    for (const slot of dialog.querySelectorAll("[data-fill]")) {
      const value = opener.dataset[slot.dataset.fill];
      if (slot.tagName === "INPUT") slot.value = value; else slot.textContent = value;
    }
    dialog.showModal();
  }
  event.target.closest("[data-close]")?.closest("dialog").close();
});
