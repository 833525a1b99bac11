// Text as nodes: prose with its links, code with its colours, and nothing hidden in either.

import { el, outside } from "./dom.js";

// Characters that a reader cannot see, or that turn the direction of what follows: an approval is for what is seen.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

export function visible(text) {
  const nodes = [];
  let from = 0;
  const plain = text.replaceAll("\r\n", "\n");
  for (const found of plain.matchAll(HIDDEN)) {
    const name = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(plain.slice(from, found.index), el("span", { class: "hidden-char", title: "a character that is not visible" }, `U+${name}`));
    from = found.index + found[0].length;
  }
  return [...nodes, plain.slice(from)];
}

// The last part of a path, as any system writes it.
export const baseName = (path) => path.split(/[\\/]/).pop();

export function prose(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]]/gi)) {
    nodes.push(text.slice(from, found.index), outside(found[0], found[0]));
    from = found.index + found[0].length;
  }
  return [...nodes, text.slice(from)];
}

const KEYWORDS = new Set(
  ("False None True and as assert async await break case class continue def del elif else except finally for from " +
    "global if import in is lambda match nonlocal not or pass raise return try while with yield").split(" "));
const BUILTINS = new Set(
  ("abs all any bool bytes dict dir enumerate eval exec filter float format getattr hasattr hash id input int " +
    "isinstance iter len list map max min next object open pow print range repr reversed round set setattr " +
    "slice sorted str sum super tuple type vars zip self cls").split(" "));
const TOKEN = new RegExp(
  [
    /(?<comment>#[^\n]*)/,
    /(?<string>[rbfu]{0,2}(?:"""[^]*?(?:"""|$(?![^]))|'''[^]*?(?:'''|$(?![^]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /(?<magic>^[ \t]*(?:%{1,2}|!)[A-Za-z_][^\n]*)/,
    /(?<decorator>^[ \t]*@[\w.]+)/,
    /(?<number>\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[+-]?\d+)?j?)\b)/,
    /(?<defined>(?<=\b(?:def|class)[ \t]+)\w+)/,
    /(?<word>[^\W\d]\w*)/,
  ].map((part) => part.source).join("|"), "gim");

function tokenClass(groups) {
  const kind = Object.keys(groups).find((name) => groups[name] !== undefined);
  if (kind !== "word") return kind;
  return KEYWORDS.has(groups.word) ? "keyword" : BUILTINS.has(groups.word) ? "builtin" : "";
}

export function python(code) {
  const nodes = [];
  let from = 0;
  for (const found of code.matchAll(TOKEN)) {
    const kind = tokenClass(found.groups);
    if (!kind) continue;
    nodes.push(...visible(code.slice(from, found.index)), el("span", { class: `py-${kind}` }, visible(found[0])));
    from = found.index + found[0].length;
  }
  return [...nodes, ...visible(code.slice(from))];
}

const LINES = 14;
const CHARS = 1400;

// A block that shows its beginning until it is asked for all. `whole` fetches what the server has cut.
export function folded(name, content, text, { whole = null, isOpen = false } = {}) {
  const lines = text.split("\n").length;
  const box = el("div", { class: "fold", "data-fold": name }, content);
  if (isOpen || (!whole && lines <= LINES && text.length <= CHARS)) return box;
  const label = whole ? "Show all" : `Show all ${lines > 1 ? `${lines} lines` : ""}`.trim();
  const button = el("button", { class: "more", type: "button", "aria-expanded": "false" }, label);
  button.addEventListener("click", () => {
    if (whole) return whole();
    const closed = box.classList.toggle("closed");
    button.textContent = closed ? label : "Show less";
    button.setAttribute("aria-expanded", String(!closed));
  });
  box.classList.add("closed");
  box.append(button);
  return box;
}
