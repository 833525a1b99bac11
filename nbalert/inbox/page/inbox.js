// The page: signing in, loading, what is pushed, scrolling, keys.

import { card } from "./card.js";
import { countdown, isOver, waitsFor } from "./ask.js";
import { el, icon } from "./dom.js";

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
  answer: async (id, text) => {
    const answer = await call("POST", `api/messages/${id}/replies`, { text, way: "button" });
    return answer.ok ? "" : answer.says;
  },
  whole: async (id) => {
    const answer = await call("GET", `api/messages/${id}`);
    if (!answer.ok) return;
    for (const name of ["text", "result", "traceback", "output"]) opened.add(`${id} ${name}`);
    put(answer.data);
  },
};

async function call(method, url, body) {
  try {
    const response = await fetch(url, {
      method, credentials: "same-origin", cache: "no-store",
      headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
    const data = await response.json().catch(() => ({}));
    if (response.status === 401) signedOut();
    return { ok: response.ok, status: response.status, data, says: data.error ?? `the inbox answered ${response.status}` };
  } catch {
    return { ok: false, status: 0, data: {}, says: "the inbox cannot be reached; your answer was not sent" };
  }
}

// ---- signing in ----------------------------------------------------------------------------------------------

async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    const answer = await call("POST", "api/session", { code });
    if (!answer.ok) return door(answer.says);
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
  $("who").hidden = $("link").hidden = $("older").hidden = $("waiting").hidden = $("empty").hidden = true;
  $("messages").replaceChildren();
  $("islands").replaceChildren();
  views.clear();
  document.title = "nbalert inbox";
  if ($("door").hidden) door("");
}

function door(problem) {
  $("lost").hidden = true;
  $("door").hidden = false;
  $("door").replaceChildren(
    el("img", { src: "icon.svg", alt: "", width: "44", height: "44" }),
    el("h1", {}, "You are not signed in"),
    problem ? el("p", { class: "problem", role: "alert" }, `${problem[0].toUpperCase()}${problem.slice(1)}.`) : "",
    el("p", {}, "Ask for a link: it signs you in, works once, and only for a short time."),
    el("dl", {}, [["In a notebook", "%nbalert inbox"], ["In a terminal", "nbalert inbox invite NAME"]].map(
      ([where, what]) => el("div", {}, el("dt", {}, where), el("dd", {}, el("code", {}, what))))));
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

function announce(known, { message }) {
  if (!known) $("says").textContent = `${message.question ? "Question" : message.level}: ${message.title}`;
  else if (message.decision && !known.message.decision)
    $("says").textContent = `${message.decision.outcome}: ${message.title}`;
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

// What somebody typed, opened or focused outlives a newer version of the card.
function keep(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const part of old.querySelectorAll("[data-keep]")) {
    const twin = node.querySelector(`[data-keep="${part.dataset.keep}"]`);
    if (twin && part.tagName === "TEXTAREA") twin.value = part.value;
    if (twin && part.tagName === "DETAILS") twin.open = part.open;
  }
  for (const part of old.querySelectorAll(".fold:not(.closed) > .more"))
    node.querySelector(`.fold.closed[data-fold="${part.parentElement.dataset.fold}"] > .more`)?.click();
  if (focused) requestAnimationFrame(() =>
    (node.querySelector(`[data-keep="${focused.dataset.keep}"]`) ?? node).focus({ preventScroll: true }));
}

function settle() {
  const list = $("messages");
  const cards = [...list.querySelectorAll(".card")];
  if (pinned && cards.length > KEPT) {
    for (const node of cards.slice(0, cards.length - KEPT)) forget(node);
    from = Number(list.querySelector(".card").dataset.number);
    $("older").hidden = false;
  }
  for (const line of document.querySelectorAll(".day")) line.remove();
  for (const nodes of [$("islands").children, list.children]) {
    let day = "";
    for (const node of [...nodes]) {
      if (node.dataset.day !== day) node.before(el("h4", { class: "day" }, node.dataset.day));
      day = node.dataset.day;
    }
  }
  $("empty").hidden = views.size > 0;
  count();
}

function forget(node) {
  views.delete(node.id.slice(2));
  node.remove();
}

const mine = () => [...views.values()].filter((view) => waitsFor(view, me, room.now())).sort((a, b) => a.number - b.number);

function count() {
  const waiting = mine().length;
  document.title = waiting ? `(${waiting}) nbalert inbox` : "nbalert inbox";
  $("waiting").hidden = !waiting;
  $("waiting").textContent = waiting === 1 ? "1 question waits" : `${waiting} questions wait`;
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

// ---- keys ----------------------------------------------------------------------------------------------------

const current = () => document.activeElement.closest?.(".card") ?? null;

function step(by) {
  const cards = [...document.querySelectorAll(".card")];
  const here = cards.indexOf(current());
  show(cards[here < 0 ? cards.length - 1 : Math.max(0, Math.min(cards.length - 1, here + by))]);
}

function nextQuestion() {
  const here = Number(current()?.dataset.number ?? 0);
  const waiting = mine();
  const next = waiting.find((view) => view.number > here) ?? waiting[0];
  if (next) show($(`m-${next.id}`));
}

function press(role) {
  if (!current()) nextQuestion();
  const part = current()?.querySelector(`[data-keep="${role}"]`);
  part?.scrollIntoView({ block: "nearest" });
  part?.focus();
}

const KEYS = {
  j: () => step(1), k: () => step(-1), n: nextQuestion, a: () => press("approve"), r: () => press("reject"),
  c: () => press("comment"), e: () => current()?.querySelector(".more")?.click(), ".": () => toNewest(),
  "?": () => $("keys").showModal(),
};

function key(event) {
  if (event.key === "Escape") {
    menu(false);
    document.activeElement.closest?.(".card")?.focus();
  }
  const typing = event.target.closest?.("textarea, input, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !me || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function menu(open) {
  $("menu").hidden = !open;
  $("who").setAttribute("aria-expanded", String(open));
}

async function leave() {
  await call("DELETE", "api/session");
  signedOut();
}

// --------------------------------------------------------------------------------------------------------------

$("empty").append(
  el("img", { src: "icon.svg", alt: "", width: "44", height: "44" }), el("h1", {}, "Nothing here yet"),
  el("p", {}, "What your notebooks say and ask appears on this page. Try one:"),
  el("pre", { class: "code" }, '%load_ext nbalert\n%alert Hello from a notebook\n%ask "May I go on?"'));
$("older").addEventListener("click", older);
$("newest").addEventListener("click", () => toNewest());
$("waiting").addEventListener("click", nextQuestion);
$("who").addEventListener("click", () => menu($("menu").hidden));
$("help").addEventListener("click", () => (menu(false), $("keys").showModal()));
$("keys-close").addEventListener("click", () => $("keys").close());
$("leave").addEventListener("click", () => (menu(false), leave()));
document.addEventListener("click", (event) => event.target.closest("#who, #menu") || menu(false));
document.addEventListener("keydown", key);
addEventListener("scroll", scrolled, { passive: true });
addEventListener("hashchange", () => (location.hash.includes("code=") ? enter() : follow()));
new ResizeObserver(() => pinned && me && toNewest("instant")).observe($("messages"));
setInterval(tick, 1000);
enter();
