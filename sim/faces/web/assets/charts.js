// What every page with charts shares: drawing a chart's content, its table, small helpers.
import { expressionInterpreter } from "./vendor/vega-interpreter.js";

export const dark = matchMedia("(prefers-color-scheme: dark)");

export function put(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

export function view(specs, container) {
  // specs: one for light and one for dark pages
  const spec = specs[dark.matches ? "dark" : "light"];
  const runtime = vega.parse(vegaLite.compile(spec).spec, null, { ast: true });
  return new vega.View(runtime, { expr: expressionInterpreter, renderer: "svg", container, hover: false });
}

export async function feed(view, data) {
  for (const [name, rows] of Object.entries(data)) view.data(name, rows.map((row) => ({ ...row })));
  await view.runAsync();
}

export function tabulate(target, table) {
  const head = element("tr", "");
  head.append(...table.heads.map((text, i) => cell("th", text, table.kinds[i], "col")));
  const body = table.rows.map((row) => {
    const line = element("tr", "");
    line.append(...row.map((text, i) => cell(i ? "td" : "th", text, table.kinds[i], i ? "" : "row")));
    return line;
  });
  const thead = element("thead", "");
  const tbody = element("tbody", "");
  thead.append(head);
  tbody.append(...body);
  target.replaceChildren(element("caption", table.caption), thead, tbody);
}

function cell(tag, text, kind, scope) {
  const made = element(tag, text);
  if (kind !== "text") made.className = "number";
  if (scope) made.scope = scope;
  return made;
}
