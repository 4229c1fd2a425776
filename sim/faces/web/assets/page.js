// A page whose charts do not move: draws them, and follows runs to their end.
import { dark, feed, put, view } from "./charts.js";

export const setup = JSON.parse(document.getElementById("setup").textContent);

async function draw(container) {
  const chart = setup.charts[container.dataset.chart];
  container.view?.finalize();
  container.view = view(chart.specs, container);
  await feed(container.view, chart.data);
  await container.view.resize().runAsync();
}

const containers = [...document.querySelectorAll("[data-chart]")];
const drawAll = () => Promise.all(containers.map(draw)).then(() => document.body.classList.add("drawn"));
dark.addEventListener("change", drawAll);
drawAll();

async function later(section) {
  // a part of the page that takes longer: it comes as a piece of it, with its charts
  const answer = await fetch(section.dataset.later).then((r) => (r.ok ? r.json() : null)).catch(() => null);
  if (!answer) return put(section.querySelector("[role=status]"), section.dataset.failed);
  section.innerHTML = answer.html;
  Object.assign(setup.charts, answer.charts);
  const added = [...section.querySelectorAll("[data-chart]")];
  containers.push(...added);
  await Promise.all(added.map(draw));
  section.dataset.done = "";
}
for (const section of document.querySelectorAll("[data-later]")) later(section);

async function follow(run) {
  const answer = await fetch(`kjoringer/${run.dataset.run}`).then((r) => r.json()).catch(() => null);
  if (answer?.state && !["waiting", "running"].includes(answer.state)) return location.reload();
  if (answer?.said) put(run.querySelector(".run-said"), answer.said);
  const bar = run.querySelector("progress");
  if (answer?.share == null) bar.removeAttribute("value");
  else bar.value = answer.share;
  setTimeout(follow, 500, run);
}
for (const run of document.querySelectorAll(".run")) {
  if (["waiting", "running"].includes(run.dataset.state)) follow(run);
}
