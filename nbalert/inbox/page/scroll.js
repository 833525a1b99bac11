// Following the newest message, but not under the eyes of somebody who reads further up.

import { icon } from "./dom.js";

const $ = (id) => document.getElementById(id);
let pinned = true;
let unseen = 0;
let anchor = null; // the card that the reader looks at, where it stands, and how far the page was scrolled then

export const isPinned = () => pinned;

export function toNewest(behavior = "smooth") {
  pinned = true;
  unseen = 0;
  scrollTo({ top: document.documentElement.scrollHeight, behavior });
  showUnseen();
}

// Where the reader was the last time; the newest, if all that is new fits below.
export function toUnread(card) {
  pinned = false;
  (card.previousElementSibling ?? card).scrollIntoView({ block: "start", behavior: "instant" });
  scrolled();
}

// Something came in; `isNew` is false for a newer version of what was there.
export function followed(isNew) {
  if (isNew && !pinned) unseen += 1;
  if (pinned) toNewest("instant");
  showUnseen();
}

export function show(node) {
  if (!node) return;
  pinned = false;
  node.scrollIntoView({ block: node.offsetHeight > innerHeight * 0.7 ? "start" : "center", behavior: "instant" });
  remember();
  node.focus({ preventScroll: true });
}

// What is read stays where it is while something is put above it.
export function steady(anchor, change) {
  const top = anchor?.getBoundingClientRect().top ?? 0;
  change();
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
}

function showUnseen() {
  $("newest").hidden = pinned;
  $("newest").replaceChildren(icon("down"), unseen ? `${unseen} new` : "Newest");
}

function scrolled() {
  const { scrollHeight } = document.documentElement;
  pinned = innerHeight + scrollY >= scrollHeight - 60;
  if (pinned) unseen = 0;
  if (scrollY !== anchor?.scrolled) remember(); // else it is our own step, and more may have grown since
  showUnseen();
}

function remember() {
  const node = [...document.querySelectorAll(".card")].find((card) => card.getBoundingClientRect().bottom > innerHeight / 3);
  anchor = node ? { id: node.id, top: node.getBoundingClientRect().top, scrolled: scrollY } : null;
}

// Something has grown, perhaps above what is read: a picture that was on its way.
function hold() {
  const node = anchor && $(anchor.id);
  if (node && scrollY === anchor.scrolled) scrollBy({ top: node.getBoundingClientRect().top - anchor.top, behavior: "instant" });
  remember();
}

export function watchScrolling(isIn) {
  $("newest").addEventListener("click", () => toNewest());
  addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(([{ target }]) =>
    document.documentElement.style.setProperty("--bar", `${target.offsetHeight}px`)).observe(document.querySelector(".bar"));
  new ResizeObserver(() => isIn() && (pinned ? toNewest("instant") : hold())).observe($("messages"));
}
