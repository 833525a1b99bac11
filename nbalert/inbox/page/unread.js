// What the reader has not seen yet. The inbox keeps one number a person: what came after it is new.

import { el } from "./dom.js";
import { isHere } from "./here.js";
import { extent } from "./list.js";
import { call } from "./net.js";

const $ = (id) => document.getElementById(id);
const inView = new Set();
const settled = new Set(); // in view since the last tick: a glance is not enough
let seen = 0;
let kept = 0; // what the inbox knows
let line = Infinity; // the first number below the line that says where the new ones begin

const numberOf = (node) => Number(node.dataset.number);
const cards = () => [...$("messages").querySelectorAll(".card")];

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting, intersectionRatio: ratio, intersectionRect: rect } of entries) {
    const isRead = isIntersecting && (ratio >= 0.5 || rect.height > innerHeight * 0.4);
    isRead ? inView.add(target) : (inView.delete(target), settled.delete(target));
  }
}, { threshold: [0, 0.1, 0.25, 0.5, 1] });

// `number` is null for somebody who was never here: to them nothing is new.
export function begin(number, newest) {
  seen = number ?? newest;
  kept = number ?? -1;
  line = newest > seen ? seen + 1 : Infinity;
}

export function arrivedUnread(view) {
  if (line > seen && !isHere()) line = Math.min(line, view.number);
}

export function mark() {
  for (const node of cards()) {
    node.classList.toggle("unread", numberOf(node) > seen);
    observer.observe(node);
  }
  $("new-line")?.remove();
  const first = cards().find((node) => numberOf(node) >= line);
  if (first && !extent.fits) first.before(el("p", { id: "new-line", class: "new-line" }, "New"));
}

export const firstUnread = () => cards().find((node) => numberOf(node) > seen) ?? null;

// Once a second. While something is looked for, what lies between the cards was not seen.
export async function tickUnread() {
  if (!isHere() || extent.fits) return;
  const last = Math.max(seen, ...[...settled].filter((node) => node.isConnected).map(numberOf));
  for (const node of inView) settled.add(node);
  if (last > seen) {
    seen = last;
    for (const node of cards()) node.classList.toggle("unread", numberOf(node) > seen);
  }
  if (seen === kept) return;
  const number = (kept = seen);
  const answer = await call("PUT", "api/seen", { number });
  if (!answer.ok && kept === number) kept = -1; // again with the next tick
}
