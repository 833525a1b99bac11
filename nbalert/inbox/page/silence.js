// A silence of an hour: for the inbox's owner, where the courier that sends serves the page.

import { call } from "./net.js";

const HOUR_S = 3600;
const $ = (id) => document.getElementById(id);

export async function showSilence(isOwner) {
  $("silence").hidden = $("silenced").hidden = true;
  if (isOwner) show(await call("GET", "api/silence"));
}

export function listenToSilence() {
  const toggle = async () => show(await (isOn() ? call("DELETE", "api/silence") : call("POST", "api/silence", { for_s: HOUR_S })));
  $("silence").addEventListener("click", toggle);
  $("silenced").addEventListener("click", toggle);
  setInterval(look, 30000); // it ends by itself, and a notebook can begin one
}

async function look() {
  if (!document.hidden && !$("silence").hidden) show(await call("GET", "api/silence"));
}

const isOn = () => $("silence").getAttribute("aria-checked") === "true";

function show(answer) {
  if (!answer.ok || !answer.data.silences) return; // no courier serves this inbox
  const { silences } = answer.data;
  const until = new Date(1000 * Math.max(...silences.map((one) => one.until)));
  const time = until.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  $("silence").hidden = false;
  $("silence").setAttribute("aria-checked", String(silences.length > 0));
  $("silence").textContent = silences.length ? "End the silence" : "Silence alerts for an hour";
  $("silenced").hidden = !silences.length;
  $("silenced").textContent = `Silenced until ${time}`;
  $("silenced").title = `${silences.map((one) => one.rule).join(", ")}: click to end`;
}
