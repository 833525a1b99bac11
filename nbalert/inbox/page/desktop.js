// News on the desktop while the page is out of sight. Asked for by a click only, and kept in this browser alone.

import { waitsFor } from "./ask.js";
import { isHere } from "./here.js";

const KEY = `nbalert desktop ${location.pathname}`;
const CHARS = 200;
const LOUD = ["WARNING", "CRITICAL"];
const $ = (id) => document.getElementById(id);
const can = () => isSecureContext && "Notification" in window;
const isOn = () => can() && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";

function showState(problem = "") {
  $("desktop").setAttribute("aria-checked", String(isOn()));
  $("desktop-why").textContent = problem;
  $("desktop-why").hidden = !problem;
}

async function toggle() {
  if (!can()) return showState("Browsers offer this to pages on this machine or with TLS only.");
  if (isOn()) {
    localStorage.removeItem(KEY);
    return showState();
  }
  if ((await Notification.requestPermission()) !== "granted")
    return showState("This browser does not allow it: see the permissions of this page, beside its address.");
  localStorage.setItem(KEY, "on");
  showState();
}

export function listenToDesktop() {
  showState();
  $("desktop").addEventListener("click", toggle);
}

// What wants somebody: questions that wait for the reader, their mentions and reminders, warnings and worse.
function isLoud(known, view, me, now) {
  const { message, reminders } = view;
  if (known) return reminders.length > known.reminders.length && reminders.at(-1).is_mine && waitsFor(view, me, now);
  return waitsFor(view, me, now) || LOUD.includes(message.level) || (message.mention ?? []).includes(me);
}

export function tellDesktop(known, view, { me, now, show }) {
  if (!isOn() || isHere() || !isLoud(known, view, me, now)) return;
  const { message } = view;
  const body = (message.question?.text || message.error || message.text).slice(0, CHARS);
  const told = new Notification(message.title, { body: body === message.title ? "" : body, tag: view.id, icon: "icon.svg" });
  told.addEventListener("click", () => {
    focus();
    told.close();
    show(view.id);
  });
}
