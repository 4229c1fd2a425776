// The page of levers. The address is the scenario; a quick answer while a lever moves, the exact one when it rests.
import { dark, element, feed, put, tabulate, view } from "./charts.js";

const setup = JSON.parse(document.getElementById("setup").textContent);
const { words } = setup;
const by = (id) => document.getElementById(id);
const SETTLE = 250; // milliseconds of rest before the exact answer is asked for
const KEPT = 50; // steps that can be undone

// ---- the state, and the address that says it -------------------------------------------------------------------------

const state = { settings: {}, area: by("area").value, month: by("month").value, name: by("name").value };

function query(of = state) {
  const pairs = new URLSearchParams();
  if (setup.lang !== "nb") pairs.set("lang", setup.lang);
  pairs.set("scenario", setup.scenario);
  for (const key of Object.keys(setup.levers)) if (of.settings[key]) pairs.set(key, of.settings[key]);
  pairs.set("area", of.area);
  pairs.set("month", of.month);
  if (of.name) pairs.set("name", of.name);
  for (const [key, text] of setup.carried) pairs.set(key, text);
  return pairs.toString();
}

function settingsIn(text) {
  const pairs = new URLSearchParams(text);
  const found = {};
  for (const key of Object.keys(setup.levers)) if (pairs.get(key)) found[key] = pairs.get(key);
  return found;
}

// ---- the levers -------------------------------------------------------------------------------------------------------

const decimal = (value) => String(value).replace(".", setup.lang === "nb" ? "," : ".");

function parts(key) {
  return { range: by(`${key}-range`), start: by(`${key}-start`), number: by(`${key}-number`), error: by(`${key}-error`) };
}

function place(key) {
  // put a lever where the state says
  const lever = setup.levers[key];
  const { range, start, number, error } = parts(key);
  const text = state.settings[key] ?? "";
  if (lever.dosed) {
    const [dose, month] = text ? text.split("~") : ["0", start.value];
    range.value = dose;
    start.value = month;
    number.value = decimal(Number(dose));
    error.textContent = "";
  } else {
    const at = setup.months.indexOf(text);
    range.value = at < 0 ? setup.months.length : at;
    start.value = text;
  }
  spoken(key);
}

function spoken(key) {
  const lever = setup.levers[key];
  const { range } = parts(key);
  const month = setup.months[Number(range.value)];
  const said = lever.dosed ? `${decimal(Number(range.value))} ${lever.unit}` : month ? setup.monthNames[month] : words.off;
  range.setAttribute("aria-valuetext", said);
  range.closest(".lever").classList.toggle("on", Boolean(state.settings[key]));
}

function take(key, from) {
  // read a lever that somebody moved; false when what was written is no number
  const lever = setup.levers[key];
  const { range, start, number, error } = parts(key);
  if (!lever.dosed) {
    const month = from === range ? setup.months[Number(range.value)] ?? "" : start.value;
    keep(key, month);
  } else {
    let dose = Number(range.value);
    if (from === number) {
      dose = Number(number.value.trim().replace(/[\s\u00a0%]/g, "").replace("\u2212", "-").replace(",", "."));
      if (number.value.trim() === "" || !(dose >= 0 && dose <= lever.top)) {
        error.textContent = words.badNumber + decimal(lever.top) + ".";
        number.setAttribute("aria-invalid", "true");
        return false;
      }
      dose = Math.round(dose * 100) / 100;
    }
    number.removeAttribute("aria-invalid");
    keep(key, dose > 0 ? `${dose}~${start.value}` : "");
  }
  place(key);
  return true;
}

function keep(key, text) {
  if (text) state.settings[key] = text;
  else delete state.settings[key];
}

// ---- undo, redo, reset ------------------------------------------------------------------------------------------------

const remembered = history.state?.loaded ? history.state : { loaded: query0(), undo: [], redo: [] };
function query0() {
  state.settings = settingsIn(location.search);
  return query();
}
let committed = "";

function commit() {
  const now = query();
  const moved = JSON.stringify(settingsIn(now)) !== JSON.stringify(settingsIn(committed));
  if (committed && moved) {
    remembered.undo = [...remembered.undo, committed].slice(-KEPT);
    remembered.redo = [];
    before = shown;
  }
  settle(now);
}

function settle(now) {
  committed = now;
  history.replaceState(remembered, "", `?${now}`);
  by("undo").disabled = remembered.undo.length === 0;
  by("redo").disabled = remembered.redo.length === 0;
  by("save").href = `scenario.yaml?${now}`;
  by("trust").href = `etterproving?${now}`;
  by("shelve").action = `lagre?${now}`;
  if (state.name) by("shelve-name").value = state.name;
  by("compare").href = `sammenlign?${now}`;
  by("report").href = `rapport?${now}`;
  for (const link of document.querySelectorAll(".pages a")) link.href = `${link.getAttribute("href").split("?")[0]}?${now}`;
  for (const slot of slots) takeAlong(slot);
  const language = by("language");
  if (language) {
    const other = new URLSearchParams(now);
    other.delete("lang");
    if (setup.lang === "nb") other.set("lang", "en");
    language.href = `utforsk?${other}`;
  }
  exactly();
}

function go(text) {
  state.settings = settingsIn(text);
  for (const key of Object.keys(setup.levers)) place(key);
  before = shown;
  settle(query());
  quickly();
}

function step(from, to, said) {
  if (!from.length) return;
  to.push(committed);
  const text = from.pop();
  go(text);
  by("status").textContent = said;
}

// ---- asking -----------------------------------------------------------------------------------------------------------

async function ask(path, signal) {
  let response;
  try {
    response = await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (fault) {
    if (fault.name === "AbortError") return null;
    return complain(words.failed + words.lost);
  }
  const answer = await response.json().catch(() => ({ error: String(response.status) }));
  return response.ok ? answer : complain(words.failed + answer.error);
}

function complain(text) {
  by("status").textContent = text;
  document.body.classList.remove("waiting");
  return null;
}

let wanted = null;
let asking = false;
async function quickly() {
  // one question under way at a time, and the newest next: it is on its way while the answer before it is drawn
  wanted = { text: query(), since: performance.now() };
  if (asking) return;
  asking = true;
  let under = question();
  while (under) {
    const { text, since, coming } = under;
    const answer = await coming;
    under = wanted && question();
    if (answer && !(shown?.exact && shown.asked === query() && text === query())) await show({ ...answer, asked: text });
    if (answer) performance.measure("redraw", { start: since, end: performance.now() });
    under ??= wanted && question();
  }
  asking = false;
}

function question() {
  const asked = { ...wanted, coming: ask(`svar/raskt?${wanted.text}`) };
  wanted = null;
  return asked;
}

let underway = null;
let timer = 0;
function exactly() {
  underway?.abort();
  clearTimeout(timer);
  const text = query();
  timer = setTimeout(async () => {
    underway = new AbortController();
    document.body.classList.add("waiting");
    if (shown) by("status").textContent = words.waiting;
    const begun = performance.now();
    const answer = await ask(`svar/helt?${text}`, underway.signal);
    if (!answer || text !== query()) return;
    document.body.classList.remove("waiting");
    await show({ ...answer, asked: text });
    performance.measure("exact", { start: begun, end: performance.now() });
  }, shown ? SETTLE : 0);
}

// ---- showing ----------------------------------------------------------------------------------------------------------

let shown = null;
let before = null;
let rests = null;
const slots = [...document.querySelectorAll(".slot")].map((element) => ({ element, view: null, kind: "" }));

async function show(answer) {
  const begun = performance.now();
  shown = answer;
  for (const key of ["value", "what", "interval", "change", "better", "cost", "per"]) put(by(key), answer.headline[key]);
  put(by("status"), answer.status);
  put(by("command"), answer.command);
  by("save").setAttribute("download", answer.file);
  by("shelve-name").value = answer.title;
  if (String(answer.rests) !== String(rests)) by("rests").replaceChildren(...answer.rests.map((line) => element("li", line)));
  rests = answer.rests;
  await Promise.all(slots.map(draw));
  performance.measure("draw", { start: begun, end: performance.now() });
}

function takeAlong(slot) {
  const kind = slot.element.querySelector("select").value;
  for (const link of slot.element.querySelectorAll("[data-form]")) link.href = `figur/${kind}.${link.dataset.form}?${committed}`;
}

async function draw(slot) {
  const kind = slot.element.querySelector("select").value;
  takeAlong(slot);
  const chart = shown.charts[kind];
  const find = (name) => slot.element.querySelector(name);
  put(find(".finding"), chart.finding);
  put(find(".what"), chart.what);
  put(find(".reading"), chart.reading);
  put(find(".source"), shown.source);
  slot.element.dataset.showing = kind;
  const fresh = slot.kind !== kind || !slot.view;
  if (fresh) {
    slot.view?.finalize();
    slot.kind = kind;
    slot.view = view(setup.specs[kind], find(".chart"));
  }
  await feed(slot.view, chart.data);
  if (fresh) await slot.view.resize().runAsync();
  if (find("details").open) tabulate(find("table"), chart.table);
}

// ---- replaying the last change ----------------------------------------------------------------------------------------

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function replay() {
  const from = before;
  const to = shown;
  if (!from || !to) return put(by("status"), words.nothing);
  const frames = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 24;
  for (let frame = 0; frame <= frames && shown === to; frame += 1) {
    for (const slot of slots) await feed(slot.view, between(from.charts[slot.kind].data, to.charts[slot.kind].data, frame / frames));
    await pause(frame === 0 ? 700 : frames === 1 ? 0 : 40);
  }
}

function between(from, to, share) {
  const mixed = {};
  for (const [name, rows] of Object.entries(to)) {
    mixed[name] = rows.map((row, i) => {
      const old = from[name]?.[i] ?? row;
      const made = { ...row };
      for (const [key, value] of Object.entries(row)) {
        if (typeof value === "number" && typeof old[key] === "number") made[key] = old[key] + share * (value - old[key]);
      }
      return made;
    });
  }
  return mixed;
}

// ---- who moves what ---------------------------------------------------------------------------------------------------

by("levers").addEventListener("submit", (event) => event.preventDefault());
for (const key of Object.keys(setup.levers)) {
  const { range, start, number } = parts(key);
  range.addEventListener("input", () => {
    take(key, range);
    underway?.abort();
    clearTimeout(timer);
    quickly();
  });
  range.addEventListener("change", commit);
  for (const box of [start, number]) {
    box?.addEventListener("change", () => {
      if (!take(key, box)) return;
      quickly();
      commit();
    });
  }
}
for (const id of ["area", "month"]) {
  by(id).addEventListener("change", () => {
    state[id] = by(id).value;
    quickly();
    commit();
  });
}
by("name").addEventListener("change", () => {
  state.name = by("name").value.trim();
  commit();
});
by("undo").addEventListener("click", () => step(remembered.undo, remembered.redo, words.undone));
by("redo").addEventListener("click", () => step(remembered.redo, remembered.undo, words.redone));
by("reset").addEventListener("click", () => {
  if (JSON.stringify(settingsIn(remembered.loaded)) === JSON.stringify(state.settings)) return;
  remembered.undo = [...remembered.undo, committed].slice(-KEPT);
  remembered.redo = [];
  go(remembered.loaded);
  by("status").textContent = words.reset;
});
by("to-null").addEventListener("click", (event) => {
  if (setup.scenario !== setup.nullScenario) return; // another scenario: another page
  event.preventDefault();
  if (!Object.keys(state.settings).length) return;
  remembered.undo = [...remembered.undo, committed].slice(-KEPT);
  remembered.redo = [];
  go("");
});
by("replay").addEventListener("click", replay);
by("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    by("status").textContent = words.copied;
  } catch {
    by("status").textContent = words.notCopied;
  }
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text]")) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) by("undo").click();
  else if (key === "y" || (key === "z" && event.shiftKey)) by("redo").click();
  else return;
  event.preventDefault();
});
for (const slot of slots) {
  slot.element.querySelector("select").addEventListener("change", () => shown && draw(slot));
  slot.element.querySelector("details").addEventListener("toggle", () => shown && tabulate(slot.element.querySelector("table"), shown.charts[slot.kind].table));
}
dark.addEventListener("change", () => {
  for (const slot of slots) slot.kind = "";
  if (shown) slots.forEach(draw);
});

state.settings = settingsIn(location.search);
for (const key of Object.keys(setup.levers)) place(key);
settle(query());
