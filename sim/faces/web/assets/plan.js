// The plan: the law's line is moved, the chart follows, and what it does to the sync rate comes when it rests.
import { element, feed, put, tabulate } from "./charts.js";
import { setup } from "./page.js";

const by = (id) => document.getElementById(id);
const range = by("law-range");
const start = by("law-start");
const SETTLE = 300; // milliseconds of rest before the effect is asked for
const APART = ["open", "target", "by", "probability", "budget", "effort"];

function spoken() {
  const month = setup.months[Number(range.value)];
  range.setAttribute("aria-valuetext", month ? setup.monthNames[month] : setup.words.off);
}

function place() {
  const at = setup.months.indexOf(start.value);
  range.value = at < 0 ? setup.months.length : at;
  spoken();
}

function address() {
  const pairs = new URLSearchParams(location.search);
  if (start.value) pairs.set(setup.law, start.value);
  else pairs.delete(setup.law);
  return pairs;
}

const scenario = (pairs) => new URLSearchParams([...pairs].filter(([key]) => !APART.includes(key)));

async function ask(path, signal) {
  try {
    const response = await fetch(path, { signal, headers: { accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch (fault) {
    return fault.name === "AbortError" ? undefined : null;
  }
}

let wanted = null;
let asking = false;
async function redraw() {
  // one question under way at a time, and the newest next
  wanted = address();
  if (asking) return;
  asking = true;
  while (wanted) {
    const now = wanted;
    wanted = null;
    const answer = await ask(`svar/plan?${now}`);
    if (!answer) {
      put(by("laws"), setup.words.failed);
      continue;
    }
    setup.charts.gantt.data = answer.chart.data;
    const container = document.querySelector("[data-chart=gantt]");
    if (container.view) await feed(container.view, answer.chart.data);
    put(by("gantt-finding"), answer.chart.finding);
    tabulate(container.closest(".slot").querySelector("table"), answer.chart.table);
    put(by("laws"), answer.laws.join(" "));
    put(by("command"), answer.command);
    by("rests").replaceChildren(...answer.rests.map((line) => element("li", line)));
  }
  asking = false;
}

let underway = null;
let timer = 0;
function effect() {
  underway?.abort();
  clearTimeout(timer);
  put(by("effect"), setup.words.waiting);
  timer = setTimeout(async () => {
    underway = new AbortController();
    const answer = await ask(`svar/helt?${scenario(address())}`, underway.signal);
    if (answer === undefined) return;
    const { value, what, interval, change, better } = answer?.headline ?? {};
    put(by("effect"), answer ? `${value} ${what} (${interval}). ${change}. ${better}` : setup.words.failed);
  }, SETTLE);
}

function keep() {
  const pairs = address();
  history.replaceState(null, "", `?${pairs}`);
  by("explore").href = `utforsk?${scenario(pairs)}`;
  for (const link of document.querySelectorAll(".choices a, .language, .pages a")) follow(link);
  document.querySelector("form.goal")?.setAttribute("action", `plan/finn?${pairs}`);
  effect();
}

function follow(link) {
  // the page's other links keep to the law's month
  const [path, text] = link.getAttribute("href").split("?");
  const pairs = new URLSearchParams(text);
  if (start.value) pairs.set(setup.law, start.value);
  else pairs.delete(setup.law);
  link.href = `${path}?${pairs}`;
}

if (range) {
  place();
  range.addEventListener("input", () => {
    start.value = setup.months[Number(range.value)] ?? "";
    spoken();
    redraw();
  });
  range.addEventListener("change", keep);
  start.addEventListener("change", () => {
    place();
    redraw();
    keep();
  });
  effect();
}
