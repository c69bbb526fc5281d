"use strict";
const find = (selector, from = document) => [...from.querySelectorAll(selector)];
const [filter, sort, output] = ["#filter", "#sort", ".tools output"].map((selector) => document.querySelector(selector));
const orgs = find("details.org");
const rows = find("tbody tr[data-health]").map((row) => {
  const org = row.closest("details.org");
  const reason = row.dataset.reason ? document.getElementById(`reason-${row.dataset.reason}`).textContent : "";
  const texts = [...row.cells].map((cell) => cell.textContent);
  const text = [org ? org.querySelector("b").textContent : "", ...texts, reason].join(" ").toLowerCase();
  const nodes = texts[texts.length - 5];
  return { row, org, text, nodes: /^[0-9]{1,9}$/.test(nodes) ? Number(nodes) : 0 };
});
const counts = find(".count").map((element) => ({ element, part: element.closest("tbody, details, section"), all: element.textContent }));
let before = null;
function remember() {
  before = before || orgs.map((org) => org.open);
}
function restore() {
  if (before) orgs.forEach((org, number) => { org.open = before[number]; });
  before = null;
}
function open(value) {
  orgs.forEach((org) => { org.open = value; });
}
function update() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const isFiltered = words.length > 0;
  for (const { row, text } of rows) row.hidden = !words.every((word) => text.includes(word));
  for (const part of find("main tbody, main table, main details.org, main section:has(table)")) {
    part.hidden = !part.querySelector("tr[data-health]:not([hidden])");
  }
  document.body.classList.toggle("filtered", isFiltered);
  for (const { element, part, all } of counts) {
    const shown = part.querySelectorAll("tr[data-health]:not([hidden])").length;
    element.textContent = isFiltered ? `${shown.toLocaleString("en")} of ${all}` : all;
  }
  const shown = rows.filter(({ row, org }) => org && !row.hidden);
  const totals = { clusters: shown.length, nodes: shown.reduce((sum, { nodes }) => sum + nodes, 0) };
  for (const { row } of shown) totals[row.dataset.health] = (totals[row.dataset.health] || 0) + 1;
  for (const total of find("[data-total]")) total.textContent = (totals[total.dataset.total] || 0).toLocaleString("en");
  output.textContent = isFiltered ? `${shown.length} of ${rows.filter(({ org }) => org).length} clusters` : "";
  if (isFiltered) {
    remember();
    open(true);
  } else restore();
}
const collator = new Intl.Collator("en", { numeric: true });
const original = new Map(rows.map(({ row }, number) => [row, number]));
function value(cell) {
  const time = cell.querySelector("time");
  return time ? time.dateTime : cell.firstChild ? cell.firstChild.textContent : "";
}
function sortBy(name, isDescending) {
  for (const table of find("main table")) {
    const heads = [...table.tHead.rows[0].cells];
    const column = heads.findIndex((head) => head.textContent === name);
    if (column < 0) continue;
    const sign = isDescending === ["Age", "Changed"].includes(name) ? 1 : -1;
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    for (const part of table.tBodies) {
      const members = find("tr[data-health]", part).map((row) => ({ row, key: value(row.cells[column]) }));
      members.sort((one, two) => (
        !one.key - !two.key || sign * collator.compare(one.key, two.key) || original.get(one.row) - original.get(two.row)
      ));
      part.append(...members.map(({ row }) => row));
    }
  }
}
for (const head of find("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    sortBy(head.textContent, head.getAttribute("aria-sort") === "ascending");
    sort.value = head.textContent;
  });
}
sort.addEventListener("change", () => sortBy(sort.value, false));
filter.addEventListener("input", update);
for (const name of ["open", "close"]) {
  document.getElementById(name).addEventListener("click", () => {
    before = before && orgs.map(() => name === "open");
    open(name === "open");
  });
}
document.querySelector(".tools").hidden = false;
update();
addEventListener("beforeprint", () => {
  remember();
  open(true);
});
addEventListener("afterprint", () => { if (!filter.value.trim()) restore(); });
