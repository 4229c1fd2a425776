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
