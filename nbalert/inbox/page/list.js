// The cards that are on the page, and where each has its place.

import { card } from "./card.js";
import { dayLines } from "./dom.js";
import { keep } from "./keep.js";

const KEPT = 600;
const $ = (id) => document.getElementById(id);

export const views = new Map(); // id → the message as the server sent it
export const extent = {
  from: Infinity, // number of the first message from which on none is missing
  fits: null, // where something is looked for: the ids of what was found
};

// Others are questions that wait, and what a link led to: they stand above the list.
const belongs = (view) => (extent.fits ? extent.fits.has(view.id) : view.number >= extent.from);

export function empty() {
  views.clear();
  $("messages").replaceChildren();
  $("islands").replaceChildren();
}

// Takes over what the server found, and whether there is more.
export function extend({ messages, has_older: hasOlder }, room) {
  extent.from = messages[0]?.number ?? 0;
  for (const view of messages) extent.fits?.add(view.id);
  for (const view of messages) put(view, room);
  $("older").hidden = !hasOlder;
}

export function put(view, room) {
  const node = card(view, room);
  const old = $(node.id);
  views.set(view.id, view);
  const refocus = old ? keep(old, node) : null;
  place(old, node, belongs(view) ? $("messages") : $("islands"));
  refocus?.();
}

function place(old, node, list) {
  if (old?.parentElement === list) return old.replaceWith(node);
  old?.remove();
  const next = [...list.querySelectorAll(".card")].find((one) => Number(one.dataset.number) > Number(node.dataset.number));
  list.insertBefore(node, next ?? null);
}

// A page that is open for weeks does not grow: what is far above goes, and can be had again.
export function settle(isPinned) {
  const list = $("messages");
  const cards = [...list.querySelectorAll(".card")];
  if (isPinned && cards.length > KEPT) {
    for (const node of cards.slice(0, cards.length - KEPT)) forget(node);
    extent.from = Number(list.querySelector(".card").dataset.number);
    $("older").hidden = false;
  }
  dayLines($("islands"), list);
}

function forget(node) {
  views.delete(node.id.slice(2));
  node.remove();
}
