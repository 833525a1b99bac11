// The keyboard: walking over cards, going to questions, answering.

import { menu, openMenu } from "./menu.js";

const $ = (id) => document.getElementById(id);
const current = () => document.activeElement.closest?.(".card") ?? null;
const part = (selector) => current()?.querySelector(selector);

// `page` has: isIn(), mine() the questions that wait for the reader, show(node), toNewest(), search(), endSearch(),
// unread(), older() loads more where there is more.
export function listen(page) {
  const question = (by) => {
    const here = Number(current()?.dataset.number ?? 0);
    const waiting = page.mine();
    const next = by > 0 ? waiting.find((view) => view.number > here) : waiting.findLast((view) => view.number < here);
    const shown = next ?? waiting.at(by > 0 ? 0 : -1);
    if (shown) page.show($(`m-${shown.id}`));
  };
  const step = async (by) => {
    const cards = () => [...document.querySelectorAll(".card")].filter((card) => card.offsetParent);
    const here = current();
    if (here && by < 0 && here === cards()[0]) await page.older();
    const at = here ? cards().indexOf(here) + by : cards().length - 1;
    page.show(cards()[Math.max(0, Math.min(cards().length - 1, at))]);
  };
  const press = (role) => {
    if (!current()) question(1);
    part(".mine .more")?.click(); // who has answered may think again
    const wanted = part(`[data-keep="${role}"]`);
    wanted?.scrollIntoView({ block: "nearest" });
    wanted?.focus();
  };
  const keys = {
    j: () => step(1), k: () => step(-1), n: () => question(1), p: () => question(-1),
    a: () => press("approve"), r: () => press("reject"), c: () => press("comment"),
    e: () => part(".more")?.click(), l: () => part('[data-copy="link"]')?.click(), y: () => part('[data-copy="traceback"]')?.click(),
    z: () => part(".pictures a")?.click(), u: () => page.show(page.unread()),
    ".": () => page.toNewest(), "/": () => page.search(), m: openMenu, "?": () => $("keys").showModal(),
  };
  for (let n = 1; n <= 9; n += 1) keys[n] = () => part(".choice") && press(n === 1 ? "approve" : `choice-${n - 1}`);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") escape(page);
    const typing = event.target.closest?.("textarea, input, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !page.isIn() || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  return () => question(1);
}

// One step out: of the menu, of a field to its card, of what was looked for.
function escape(page) {
  if (!$("menu").hidden) return menu(false);
  const card = current();
  if (card && card !== document.activeElement) return card.focus();
  if (document.querySelector("dialog[open]")) return;
  page.endSearch();
}
