// How a question is answered: a button a choice or Approve, a typed answer, Reject, an optional reason.

import { el, icon } from "./dom.js";
import { visible } from "./text.js";

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;

// What the inbox said to an answer that it did not take. It stays when the card is drawn anew.
export function told(view, room) {
  const text = room.told.get(view.id);
  return text ? el("p", { class: "problem", role: "alert" }, sentence(text)) : null;
}

export function actions(view, room, given) {
  const { objection, policy, hint, buttons } = view.message.question;
  if (objection) return el("p", { class: "objection" }, icon("info"), `You cannot answer: ${objection}.`);
  const problem = el("p", { class: "problem", role: "alert", id: `problem-${view.id}` });
  const field = policy.input ? typed(view, policy.input, () => send(field.value.trim(), "reply")) : null;
  const reason = comment(policy.input ? "Reason to reject (optional)" : "Reason (optional)");
  const all = [
    field ? el("button", { class: "approve", type: "button", onclick: () => send(field.value.trim(), "reply") }, icon("ok"), "Answer") : null,
    ...buttons.map((button, place) => word(button, place, policy, () => send(withReason(button.says), "button"))),
  ].filter(Boolean);
  const form = field
    ? el("div", { class: "actions typed", role: "group", "aria-label": "Your answer" }, field, all[0],
      problem, el("p", { class: "hint", id: `hint-${view.id}` }, visible(hint)), reason, all.slice(1))
    : el("div", { class: `actions${policy.choices.length ? " choosing" : ""}`, role: "group", "aria-label": "Your answer" }, reason, el("div", { class: "words" }, all));
  refuse(room.told.get(view.id) ?? "");

  function withReason(says) {
    const why = reason.value.trim();
    return why ? `${says}: ${why}` : says;
  }
  function refuse(text) {
    problem.textContent = text && sentence(text);
    problem.hidden = !text;
    field?.setAttribute("aria-invalid", String(Boolean(text)));
  }
  async function send(text, way) {
    const why = reason.value;
    reason.value = ""; // it belongs to this answer, not to a later one
    const pressed = document.activeElement;
    if (form.contains(pressed)) form.closest(".card").focus({ preventScroll: true }); // disabled, it would lose the focus
    all.forEach((button) => (button.disabled = true));
    refuse("");
    const refused = await room.answer(view.id, text, way);
    if (!refused) return;
    reason.value = why;
    refuse(refused);
    all.forEach((button) => (button.disabled = false));
    if (form.isConnected) (way === "reply" ? field : pressed).focus();
  }
  return el("div", {}, mine(given, form), form, field ? null : problem);
}

function word(button, place, policy, onclick) {
  if (button.is_rejection) return el("button", { class: "reject", type: "button", "data-keep": "reject", onclick }, icon("critical"), button.label);
  const keep = place ? `choice-${place}` : "approve";
  return el("button", { class: policy.choices.length ? "choice" : "approve", type: "button", "data-keep": keep, onclick },
    policy.choices.length ? visible(button.label) : [icon("ok"), button.label]);
}

function comment(label) {
  const field = el("textarea", { class: "comment", rows: "1", placeholder: label, "aria-label": label, "data-keep": "comment", maxlength: "4000" });
  field.addEventListener("input", () => {
    field.rows = Math.min(6, field.value.split("\n").length);
  });
  return field;
}

// Numbers are typed into a text field with the right keyboard: a number field would hide from us what is wrong.
function typed(view, kind, submit) {
  const label = { text: "Your answer", int: "A whole number", float: "A number" }[kind];
  const common = { class: "comment", placeholder: label, "aria-label": label, "data-keep": "approve", maxlength: "4000",
    "aria-describedby": `hint-${view.id} problem-${view.id}`, autocomplete: "off" };
  const isText = kind === "text";
  const field = isText ? el("textarea", { ...common, rows: "2" })
    : el("input", { ...common, type: "text", inputmode: kind === "int" ? "numeric" : "decimal", spellcheck: "false" });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (!isText || event.ctrlKey || event.metaKey)) submit();
  });
  return field;
}

function mine(given, form) {
  if (!given) return null;
  form.hidden = true;
  const change = el("button", { class: "more", type: "button" }, "Change my answer");
  const said = given.answer ?? (given.is_yes ? "approve" : "reject");
  const line = el("p", { class: "mine" }, el("span", {}, "You answered ", el("b", {}, visible(said)), "."), change);
  change.addEventListener("click", () => {
    form.hidden = false;
    line.remove();
    form.querySelector("textarea, input").focus();
  });
  return line;
}
