// A table as a message brings it. Its HTML is read in a document of its own, which runs and fetches nothing; only the
// words of its cells are taken over, as text.

import { el } from "./dom.js";
import { visible } from "./text.js";

const NUMBER = /^\s*[-+−]?[\d.,_]*\d[\d.,_]*(e[-+]?\d+)?\s?%?\s*$|^(nan|NaN|NaT|<NA>|None|null|-?inf|…|\.\.\.|)$/;

export function table(html) {
  const read = new DOMParser().parseFromString(html, "text/html").querySelector("table");
  if (!read) return null;
  const rows = [...read.rows];
  const body = rows.filter((row) => !row.closest("thead"));
  const width = Math.max(0, ...rows.map((row) => row.cells.length));
  const isNumber = Array.from({ length: width }, (_, at) =>
    body.length > 0 && body.every((row) => NUMBER.test(row.cells[at]?.textContent ?? "")));
  const line = (row) => el("tr", {}, [...row.cells].map((cell, at) => {
    const isName = cell.tagName === "TH" && cell.textContent.trim(); // an empty corner names nothing
    const name = isName ? { scope: row.closest("thead") ? "col" : "row" } : {};
    return el(isName ? "th" : "td", { ...name, class: isNumber[at] ? "number" : null }, visible(cell.textContent));
  }));
  const head = rows.filter((row) => row.closest("thead"));
  return el("div", { class: "table" },
    el("table", {},
      read.caption ? el("caption", {}, visible(read.caption.textContent)) : null,
      head.length ? el("thead", {}, head.map(line)) : null,
      el("tbody", {}, body.map(line))));
}
