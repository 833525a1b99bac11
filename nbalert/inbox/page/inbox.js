// The page: signing in, loading, what is pushed.

import { countdown, isOver, waitsFor } from "./ask.js";
import { listenToDesktop, tellDesktop } from "./desktop.js";
import { icon } from "./dom.js";
import { door, nothingYet } from "./door.js";
import { listen } from "./keys.js";
import { empty, extend, extent, put, settle, views } from "./list.js";
import { listenToMenu, menu } from "./menu.js";
import { call } from "./net.js";
import { news } from "./news.js";
import { listenToPeople } from "./people.js";
import { save } from "./save.js";
import { followed, isPinned, show, steady, toNewest, toUnread, watchScrolling } from "./scroll.js";
import * as search from "./search.js";
import { listenToSilence, showSilence } from "./silence.js";
import { arrivedUnread, begin, firstUnread, mark, tickUnread } from "./unread.js";
import { mine, showWaiting } from "./waiting.js";
import { listenToPictures } from "./zoom.js";

const PAGE = 50;
const $ = (id) => document.getElementById(id);
const opened = new Set(); // "id name" of parts shown whole
let me = "";
let change = 0; // everything up to here has been seen
let skew = 0; // the server's clock minus ours, ms
let source = null;
let pause = 1000;
let turning = null; // while older messages are on their way
let asked = 0; // counts loads: of two that cross, the later one holds

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
  traceback: async (id) => {
    const { message } = views.get(id);
    const answer = message.cut ? await call("GET", `api/messages/${id}`) : { ok: false };
    const { whole_traceback: whole, traceback } = answer.ok ? answer.data.message : message;
    return whole || traceback;
  },
  whole: async (id) => {
    const answer = await call("GET", `api/messages/${id}`);
    if (!answer.ok) return;
    for (const name of ["text", "result", "traceback", "whole_traceback", "output"]) opened.add(`${id} ${name}`);
    put(answer.data, room);
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
  $("team").hidden = !answer.data.is_owner;
  showSilence(answer.data.is_owner);
  $("who").textContent = me;
  $("who").hidden = $("find").hidden = false;
  search.readAddress();
  await load();
}

function signedOut() {
  source?.close();
  me = "";
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  search.open(false);
  $("nothing").hidden = $("find").hidden = $("who").hidden = $("link").hidden = $("older").hidden = $("waiting").hidden = $("reminded").hidden = $("empty").hidden = true;
  empty();
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
  const turn = (asked += 1);
  const answer = await call("GET", `api/messages?limit=${PAGE}&${search.asQuery()}`);
  if (turn !== asked) return;
  if (!answer.ok) return lost();
  skew = Date.parse(answer.data.now) - Date.now();
  $("door").hidden = true;
  change = answer.data.change;
  empty();
  extent.fits = search.isSearching() ? new Set() : null;
  extend(answer.data, room);
  answer.data.waiting.forEach((view) => put(view, room));
  notYet(answer.data.unfiled);
  if (!extent.fits) begin(answer.data.seen, answer.data.messages.at(-1)?.number ?? 0);
  tidy();
  connect(); // anew: what was pushed while this was on its way is not in it
  const unread = extent.fits ? null : firstUnread();
  toNewest("instant");
  if (unread) toUnread(unread);
  await follow();
}

function notYet(unfiled) {
  $("unfiled").hidden = !unfiled;
  $("unfiled").textContent = `Up to ${unfiled} older messages cannot be found yet. It takes a few minutes once.`;
}

// What has come since and fits what is looked for: only the inbox knows.
async function refresh() {
  const turn = asked;
  const answer = await call("GET", `api/messages?limit=${PAGE}&${search.asQuery()}`);
  if (turn !== asked || !answer.ok) return;
  for (const view of answer.data.messages.filter((one) => !extent.fits.has(one.id))) {
    extent.fits.add(view.id);
    put(view, room);
    followed(true);
  }
  tidy();
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
  if (extent.fits && !known) setTimeout(() => extent.fits && refresh());
  const isOnPage = known || (!extent.fits && view.number >= extent.from) || waitsFor(view, me, room.now());
  if (!isOnPage) return;
  if (view.message.cut && known && !known.message.cut) return room.whole(view.id);
  put(view, room);
  if (!known) arrivedUnread(view);
  tidy();
  announce(known, view);
  followed(!known && !extent.fits);
}

function announce(known, view) {
  const words = news(known, view);
  if (words) $("says").textContent = words;
  tellDesktop(known, view, { me, now: room.now(), show: (id) => reveal($(`m-${id}`)) });
}

// ---- the list ------------------------------------------------------------------------------------------------

function tidy() {
  settle(isPinned());
  mark();
  document.body.classList.toggle("searching", Boolean(extent.fits));
  $("empty").hidden = Boolean(extent.fits) || views.size > 0;
  $("nothing").hidden = !extent.fits || extent.fits.size > 0;
  showWaiting(room, reveal);
}

// Once at a time: a key may be held.
const older = () => (turning ??= turnBack().finally(() => (turning = null)));

async function turnBack() {
  const turn = asked;
  if ($("older").hidden) return;
  const answer = await call("GET", `api/messages?limit=${PAGE}&before=${extent.from}&${search.asQuery()}`);
  if (turn !== asked || !answer.ok) return;
  steady($("messages").querySelector(".card"), () => {
    extend(answer.data, room);
    tidy();
  });
}

function tick() {
  for (const node of document.querySelectorAll("[data-until]")) countdown(node, room.now());
  for (const node of document.querySelectorAll(".card.asks")) {
    const view = views.get(node.id.slice(2));
    if (isOver(view.message, room.now())) put(view, room);
  }
  if (!me) return;
  showWaiting(room, reveal);
  tickUnread();
}

// Go to the message that the address names.
async function follow() {
  const id = new URLSearchParams(location.hash.slice(1)).get("m");
  if (!id || !/^[\w-]+$/.test(id)) return;
  if (!views.has(id)) {
    const answer = await call("GET", `api/messages/${id}`);
    if (!answer.ok) return;
    put(answer.data, room);
    tidy();
  }
  show($(`m-${id}`));
}

// A card that is not among what was found is shown among all others.
async function reveal(node) {
  if (extent.fits && node && !$("messages").contains(node)) {
    search.clear(() => {});
    await load();
    node = $(node.id);
  }
  show(node);
}

function moved() {
  if (location.hash.includes("code=")) enter();
  else if (search.readAddress()) load();
  else follow();
}

// --------------------------------------------------------------------------------------------------------------

$("empty").append(...nothingYet());
$("find").append(icon("find"));
$("older").addEventListener("click", older);
$("all").addEventListener("click", () => search.clear(load));
$("waiting").addEventListener("click", listen({ isIn: () => me, mine: () => mine(room), show: reveal, toNewest,
  search: search.start, endSearch: () => search.end(load), unread: firstUnread, older }));
for (const kind of ["json", "txt"]) $(`save-${kind}`).addEventListener("click", () => (menu(false), save(kind)));
$("help").addEventListener("click", () => (menu(false), $("keys").showModal()));
$("keys-close").addEventListener("click", () => $("keys").close());
$("leave").addEventListener("click", () => (menu(false), call("DELETE", "api/session").then(signedOut)));
addEventListener("signedout", signedOut);
addEventListener("hashchange", moved);
search.listenToSearch(load);
listenToDesktop();
listenToMenu();
listenToPeople(() => (menu(false), me));
listenToPictures();
listenToSilence();
watchScrolling(() => me);
setInterval(tick, 1000);
enter();
