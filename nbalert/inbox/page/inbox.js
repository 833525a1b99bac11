// The page: signing in, loading, what is pushed, scrolling, keys.

import { card } from "./card.js";
import { countdown, isOver, waitsFor } from "./ask.js";
import { dayLines, icon } from "./dom.js";
import { door, nothingYet } from "./door.js";
import { keep } from "./keep.js";
import { listen } from "./keys.js";
import { call } from "./net.js";
import { news, reminded } from "./news.js";

const PAGE = 50;
const KEPT = 600;
const $ = (id) => document.getElementById(id);
const views = new Map(); // id → the message as the server sent it
const opened = new Set(); // "id name" of parts shown whole
let me = "";
let change = 0; // everything up to here has been seen
let from = Infinity; // number of the first message from which on none is missing
let skew = 0; // the server's clock minus ours, ms
let source = null;
let pause = 1000;
let pinned = true;
let unseen = 0;

const room = {
  me: () => me,
  now: () => Date.now() + skew,
  isOpen: (id, name) => opened.has(`${id} ${name}`),
  told: new Map(), // id → why an answer was not taken
  answer: async (id, text, way) => {
    room.told.delete(id);
    const answer = text ? await call("POST", `api/messages/${id}/replies`, { text, way }) : { says: "an answer has a text" };
    if (answer.ok) return "";
    room.told.set(id, answer.says);
    return answer.says;
  },
  whole: async (id) => {
    const answer = await call("GET", `api/messages/${id}`);
    if (!answer.ok) return;
    for (const name of ["text", "result", "traceback", "whole_traceback", "output"]) opened.add(`${id} ${name}`);
    put(answer.data);
  },
};

// ---- signing in ----------------------------------------------------------------------------------------------

async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    const answer = await call("POST", "api/session", { code });
    if (!answer.ok) return toDoor(answer.says);
  }
  const answer = await call("GET", "api/me");
  if (answer.status === 401) return;
  if (!answer.ok) return lost();
  me = answer.data.name;
  $("who").textContent = me;
  $("who").hidden = false;
  await load();
}

function signedOut() {
  source?.close();
  me = "";
  $("who").hidden = $("link").hidden = $("older").hidden = $("waiting").hidden = $("reminded").hidden = $("empty").hidden = true;
  $("messages").replaceChildren();
  $("islands").replaceChildren();
  views.clear();
  document.title = "nbalert inbox";
  if ($("door").hidden) toDoor("");
}

function toDoor(problem) {
  $("lost").hidden = true;
  $("door").hidden = false;
  $("door").replaceChildren(...door(problem));
}

// ---- loading and pushing -------------------------------------------------------------------------------------

async function load() {
  const answer = await call("GET", `api/messages?limit=${PAGE}`);
  if (!answer.ok) return lost();
  skew = Date.parse(answer.data.now) - Date.now();
  change = answer.data.change;
  $("door").hidden = true;
  views.clear();
  $("messages").replaceChildren();
  $("islands").replaceChildren();
  from = answer.data.messages[0]?.number ?? 0;
  $("older").hidden = !answer.data.has_older;
  [...answer.data.messages, ...answer.data.waiting].forEach(put);
  settle();
  connect();
  toNewest("instant");
  await follow();
}

function connect() {
  source?.close();
  source = new EventSource(`api/events?after=${change}`);
  source.addEventListener("hello", (event) => {
    if (JSON.parse(event.data).after < change) return location.reload(); // another archive
    pause = 1000;
    $("lost").hidden = true;
    status("live", "Live");
  });
  source.addEventListener("message", (event) => {
    change = Math.max(change, Number(event.lastEventId));
    arrived(JSON.parse(event.data));
  });
  source.addEventListener("displaced", () => {
    source.close();
    lost("This inbox is open in too many windows. Reload to use this one.");
  });
  source.addEventListener("error", () => {
    if (!me) return;
    lost();
    if (source.readyState === EventSource.CLOSED) later();
  });
}

async function later() {
  source.close();
  await new Promise((done) => setTimeout(done, pause));
  pause = Math.min(pause * 2, 15000);
  const answer = await call("GET", "api/me");
  if (answer.ok) connect();
  else if (answer.status !== 401) later();
}

function lost(why = "Connection lost. Trying again…") {
  status("off", "Offline");
  $("lost").textContent = why;
  $("lost").hidden = false;
}

function status(kind, word) {
  $("link").hidden = false;
  $("link").className = `link ${kind}`;
  $("link").textContent = word;
}

function arrived(view) {
  const known = views.get(view.id);
  if (!known && view.number < from && !waitsFor(view, me, room.now())) return; // an old one, not on the page
  if (view.message.cut && known && !known.message.cut) return room.whole(view.id);
  put(view);
  settle();
  announce(known, view);
  if (!known && !pinned) unseen += 1;
  if (pinned) toNewest("instant");
  showUnseen();
}

function announce(known, view) {
  const words = news(known, view);
  if (words) $("says").textContent = words;
}

// ---- the list ------------------------------------------------------------------------------------------------

function put(view) {
  const node = card(view, room);
  const old = $(node.id);
  views.set(view.id, view);
  if (old) keep(old, node);
  const list = view.number >= from ? $("messages") : $("islands");
  if (old?.parentElement === list) return old.replaceWith(node);
  old?.remove();
  const next = [...list.querySelectorAll(".card")].find((one) => Number(one.dataset.number) > view.number);
  list.insertBefore(node, next ?? null);
}

function settle() {
  const list = $("messages");
  const cards = [...list.querySelectorAll(".card")];
  if (pinned && cards.length > KEPT) {
    for (const node of cards.slice(0, cards.length - KEPT)) forget(node);
    from = Number(list.querySelector(".card").dataset.number);
    $("older").hidden = false;
  }
  dayLines($("islands"), list);
  $("empty").hidden = views.size > 0;
  count();
}

function forget(node) {
  views.delete(node.id.slice(2));
  node.remove();
}

const mine = () => [...views.values()].filter((view) => waitsFor(view, me, room.now())).sort((a, b) => a.number - b.number);

function count() {
  remind();
  const waiting = mine().length;
  document.title = waiting ? `(${waiting}) nbalert inbox` : "nbalert inbox";
  $("waiting").hidden = !waiting;
  $("waiting").textContent = waiting === 1 ? "1 question waits" : `${waiting} questions wait`;
}

function remind() {
  const rows = reminded(mine(), (id) => show($(`m-${id}`)));
  $("reminded").hidden = !rows.length;
  if ($("reminded").textContent !== rows.map((row) => row.textContent).join("")) $("reminded").replaceChildren(...rows);
}

async function older() {
  const answer = await call("GET", `api/messages?limit=${PAGE}&before=${from}`);
  if (!answer.ok) return;
  const anchor = $("messages").querySelector(".card");
  const top = anchor?.getBoundingClientRect().top ?? 0;
  from = answer.data.messages[0]?.number ?? 0;
  answer.data.messages.forEach(put);
  $("older").hidden = !answer.data.has_older;
  settle();
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
}

function tick() {
  for (const node of document.querySelectorAll("[data-until]")) countdown(node, room.now());
  for (const node of document.querySelectorAll(".card.asks")) {
    const view = views.get(node.id.slice(2));
    if (isOver(view.message, room.now())) put(view);
  }
  if (me) count();
}

// ---- scrolling -----------------------------------------------------------------------------------------------

function toNewest(behavior = "smooth") {
  pinned = true;
  unseen = 0;
  scrollTo({ top: document.documentElement.scrollHeight, behavior });
  showUnseen();
}

function showUnseen() {
  $("newest").hidden = pinned;
  $("newest").replaceChildren(icon("down"), unseen ? `${unseen} new` : "Newest");
}

function scrolled() {
  const { scrollHeight } = document.documentElement;
  pinned = innerHeight + scrollY >= scrollHeight - 60;
  if (pinned) unseen = 0;
  showUnseen();
}

// Go to the message that the address names.
async function follow() {
  const id = new URLSearchParams(location.hash.slice(1)).get("m");
  if (!id || !/^[\w-]+$/.test(id)) return;
  if (!views.has(id)) {
    const answer = await call("GET", `api/messages/${id}`);
    if (!answer.ok) return;
    put(answer.data);
    settle();
  }
  show($(`m-${id}`));
}

function show(node) {
  if (!node) return;
  pinned = false;
  node.scrollIntoView({ block: node.offsetHeight > innerHeight * 0.7 ? "start" : "center", behavior: "instant" });
  node.focus({ preventScroll: true });
}

// ---- menu ------------------------------------------------------------------------------------------------------

function menu(open) {
  $("menu").hidden = !open;
  $("who").setAttribute("aria-expanded", String(open));
}

// --------------------------------------------------------------------------------------------------------------

$("empty").append(...nothingYet());
$("older").addEventListener("click", older);
$("newest").addEventListener("click", () => toNewest());
$("waiting").addEventListener("click", listen({ isIn: () => me, mine, show, toNewest, menu }));
$("who").addEventListener("click", () => menu($("menu").hidden));
$("help").addEventListener("click", () => (menu(false), $("keys").showModal()));
$("keys-close").addEventListener("click", () => $("keys").close());
$("leave").addEventListener("click", () => (menu(false), call("DELETE", "api/session").then(signedOut)));
document.addEventListener("click", (event) => event.target.closest("#who, #menu") || menu(false));
addEventListener("signedout", signedOut);
addEventListener("scroll", scrolled, { passive: true });
addEventListener("hashchange", () => (location.hash.includes("code=") ? enter() : follow()));
new ResizeObserver(([{ target }]) =>
  document.documentElement.style.setProperty("--bar", `${target.offsetHeight}px`)).observe(document.querySelector(".bar"));
new ResizeObserver(() => pinned && me && toNewest("instant")).observe($("messages"));
setInterval(tick, 1000);
enter();
