// The part of a card that asks: what will run, who may answer, until when; the answers; the decision.

import { duration, el, icon, time } from "./dom.js";
import { folded, python, visible } from "./text.js";

const ENDS = { approved: ["ok", "Approved"], rejected: ["critical", "Rejected"], expired: ["expired", "Expired"],
  cancelled: ["cancelled", "Cancelled"], error: ["warning", "Failed"] };

// The same rule as the courier's: a word as the whole first line, a reason after a colon.
export function says(policy, text) {
  const word = text.trim().split("\n")[0].split(":")[0].trim().toLowerCase();
  const among = (words) => words.some((one) => one.toLowerCase() === word);
  return among(policy.reject) ? false : among(policy.approve) ? true : null;
}

export const isOver = (message, now) =>
  Boolean(message.decision) || (message.question.expires_at && Date.parse(message.question.expires_at) <= now);

export const myAnswer = (view, me) => view.replies.findLast((reply) => reply.person === me);

// Whether this question waits for this person.
export const waitsFor = (view, me, now) =>
  Boolean(view.message.question) && !isOver(view.message, now) && !view.message.question.objection && !myAnswer(view, me);

export function countdown(node, now) {
  const left = (Date.parse(node.dataset.until) - now) / 1000;
  node.textContent = left <= 0 ? "time is up" : `${left < 10 ? `${Math.ceil(left)} s` : duration(left)} left`;
  node.classList.toggle("soon", left < 300);
}

export function ask(view, room) {
  const { message } = view;
  const question = message.question;
  const over = isOver(message, room.now());
  return el("section", { class: `ask ${over ? "over" : "open"}`, "aria-label": "Question" },
    question.text && question.text !== message.title ? el("p", { class: "ask-text" }, visible(question.text)) : null,
    question.code ? whatRuns(question, over) : null,
    el("dl", { class: "facts" }, facts(question, over, room)),
    answers(view, over),
    over ? decision(message) : actions(view, room));
}

function whatRuns(question, over) {
  const lines = question.code.split("\n").length;
  const head = el("div", { class: "code-head" },
    el("span", {}, over ? "Code in question" : "Runs when approved"),
    el("span", { class: "sha", title: `SHA-256 ${question.code_sha256}` }, `sha256 ${question.code_sha256.slice(0, 12)}`));
  const code = el("pre", { class: "code" }, el("code", {}, python(question.code)));
  // An open question shows its code whole: nobody is to approve what is folded away.
  return el("div", { class: "code-box" }, head, folded("question-code", code, question.code, { isOpen: !over || lines < 30 }));
}

function facts(question, over, room) {
  const { policy } = question;
  const rows = [
    ["May answer", policy.approvers.includes("anyone") ? "everybody here" : policy.approvers.join(", ") || "nobody"],
    policy.need > 1 ? ["Needs", `${policy.need} approvals`] : null,
    policy.asker ? ["Asked by", policy.asker] : null,
    question.expires_at && !over ? ["Until", until(question, room)] : null,
  ];
  return rows.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

function until(question, room) {
  const left = el("span", { class: "left", "data-until": question.expires_at });
  countdown(left, room.now());
  return el("span", {}, time(question.expires_at), " · ", left);
}

function answers(view, over) {
  const { question, decision: ended } = view.message;
  // One voice that decided stands in the decision already.
  if (!view.replies.length || (over && ended && ended.by.length <= 1 && view.replies.length === 1)) return null;
  return el("ul", { class: "answers", "aria-label": "Answers" }, view.replies.map((reply) => {
    const said = says(question.policy, reply.text);
    const kind = said === true ? "ok" : said === false ? "critical" : "info";
    return el("li", {}, el("span", { class: `dot ${kind}` }, icon(kind)), el("b", {}, reply.name || reply.person),
      el("span", { class: "said" }, visible(reply.text)), time(reply.at));
  }));
}

function decision(message) {
  const ended = message.decision ?? { outcome: "expired", by: [], reason: "", decided_at: message.question.expires_at };
  const [kind, word] = ENDS[ended.outcome];
  const people = ended.by.length ? ` by ${ended.by.join(", ")}` : "";
  return el("div", { class: `decision ${ended.outcome}` },
    el("span", { class: "dot" }, icon(kind)),
    el("div", {},
      el("p", {}, el("b", {}, `${word}${people}`), ended.is_self_approved ? el("span", { class: "self" }, "self-approved") : null),
      ended.reason ? el("p", { class: "reason" }, visible(ended.reason)) : null),
    time(ended.decided_at));
}

function actions(view, room) {
  const { policy, objection } = view.message.question;
  if (objection) return el("p", { class: "objection" }, icon("info"), `You cannot answer: ${objection}.`);
  const reason = el("textarea", { class: "comment", rows: "1", placeholder: "Reason (optional)", "aria-label": "Reason (optional)", "data-keep": "comment", maxlength: "4000" });
  reason.addEventListener("input", () => {
    reason.rows = Math.min(6, reason.value.split("\n").length);
  });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const word = (name) => (policy[name].includes(name) ? name : policy[name][0]);
  const buttons = [["approve", "ok", "Approve"], ["reject", "critical", "Reject"]].map(([name, shape, label]) =>
    el("button", { class: name, type: "button", "data-keep": name, onclick: () => send(word(name)) }, icon(shape), label));
  const form = el("div", { class: "actions" }, reason, buttons);
  async function send(word) {
    const why = reason.value.trim();
    reason.value = ""; // it belongs to this answer, not to a later one
    buttons.forEach((button) => (button.disabled = true));
    problem.hidden = true;
    const refused = await room.answer(view.id, why ? `${word}: ${why}` : word);
    if (!refused) return;
    reason.value = why;
    problem.textContent = refused;
    problem.hidden = false;
    buttons.forEach((button) => (button.disabled = false));
  }
  return el("div", {}, mine(view, room, form), form, problem);
}

function mine(view, room, form) {
  const given = myAnswer(view, room.me());
  if (!given) return null;
  form.hidden = true;
  const change = el("button", { class: "more", type: "button" }, "Change my answer");
  const line = el("p", { class: "mine" }, el("span", {}, "You answered ", el("b", {}, given.text.split(":")[0]), "."), change);
  change.addEventListener("click", () => {
    form.hidden = false;
    line.remove();
    form.querySelector("textarea").focus();
  });
  return line;
}
