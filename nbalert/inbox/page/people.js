// Who may come in: for the inbox's owner. A link is shown once, and kept nowhere.

import { copyButton } from "./copy.js";
import { el } from "./dom.js";
import { call } from "./net.js";
import { visible } from "./text.js";

const $ = (id) => document.getElementById(id);
let me = "";

const times = (number, one, many) => (number ? `${number} ${number === 1 ? one : many}` : "");

export function listenToPeople(whoAmI) {
  $("team").addEventListener("click", () => open(whoAmI()));
  $("people-close").addEventListener("click", () => $("people").close());
  $("people").addEventListener("close", () => $("invited").replaceChildren()); // what was shown once is gone
  $("invite").addEventListener("submit", (event) => (event.preventDefault(), invite()));
}

async function open(name) {
  me = name;
  say("");
  $("people").showModal();
  $("invitee").focus();
  await list();
}

function say(problem) {
  $("people-problem").textContent = problem && `${problem[0].toUpperCase()}${problem.slice(1)}.`;
  $("people-problem").hidden = !problem;
}

async function list() {
  const answer = await call("GET", "api/people");
  if (!answer.ok) return say(answer.says);
  $("people-list").replaceChildren(...answer.data.people.map(row));
}

function row({ name, sessions, codes }) {
  const has = [times(sessions, "browser signed in", "browsers signed in"), times(codes, "link not used yet", "links not used yet")];
  return el("li", {}, el("span", { class: "person" }, el("b", {}, visible(name)),
    el("span", { class: "muted" }, has.filter(Boolean).join(", ") || "not signed in")),
    name === me ? el("span", { class: "muted" }, "you") : revoke(name));
}

// Asked once more, in place: nobody is shown out by a slip.
function revoke(name) {
  const box = el("span", { class: "revoke" });
  const first = el("button", { class: "plain", type: "button", "aria-label": `Revoke ${name}` }, "Revoke");
  const sure = el("button", { class: "plain danger", type: "button", "aria-label": `Sign out, void links: ${name}` }, "Sign out, void links");
  const no = el("button", { class: "plain", type: "button" }, "Keep");
  first.addEventListener("click", () => (box.replaceChildren(sure, no), sure.focus()));
  no.addEventListener("click", () => (box.replaceChildren(first), first.focus()));
  sure.addEventListener("click", async () => {
    const answer = await call("DELETE", `api/people/${encodeURIComponent(name)}`);
    say(answer.ok ? "" : answer.says);
    $("invited").replaceChildren();
    await list();
    $("invitee").focus();
  });
  box.append(first);
  return box;
}

async function invite() {
  const name = $("invitee").value.trim();
  const answer = await call("POST", "api/people", { name, valid_s: Number($("valid").value) });
  say(answer.ok ? "" : answer.says);
  $("invited").replaceChildren();
  if (!answer.ok) return $("invitee").focus();
  const field = el("input", { class: "field", readonly: true, value: answer.data.link, "aria-label": `Link for ${name}` });
  $("invited").append(
    el("p", {}, "For ", el("b", {}, visible(name)), ": signs in whoever opens it first, and is shown only now."),
    el("div", { class: "row" }, field, copyButton("Copy the link", () => answer.data.link)));
  $("invitee").value = "";
  field.focus();
  field.select();
  await list();
}
