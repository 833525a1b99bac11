// The part of a card that asks: what will run, who may answer, until when; the answers; the decision.

import { actions, told } from "./answer.js";
import { dayName, duration, el, icon, time } from "./dom.js";
import { folded, python, visible } from "./text.js";

const ENDS = { approved: ["ok", "Approved"], rejected: ["critical", "Rejected"], expired: ["expired", "Expired"],
  cancelled: ["cancelled", "Cancelled"], error: ["warning", "Failed"] };
const SHORT = { lines: 40, chars: 4000 }; // code up to this is not folded while it can be answered

export const isOver = (message, now) =>
  Boolean(message.decision) || Boolean(message.question.expires_at && Date.parse(message.question.expires_at) <= now);

const myAnswer = (view, me) => view.replies.findLast((reply) => reply.person === me && !reply.objection);

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
  return el("div", { class: `ask ${over ? "over" : "open"}`, role: "group", "aria-label": "Question" },
    question.text && question.text !== message.title ? el("p", { class: "ask-text" }, visible(question.text)) : null,
    question.code ? whatRuns(question, over) : null,
    el("dl", { class: "facts" }, facts(question, over, room)),
    reminders(view, over),
    answers(view, over),
    notices(view),
    over ? [decision(message), told(view, room)] : actions(view, room, myAnswer(view, room.me())));
}

function whatRuns(question, over) {
  const lines = question.code.split("\n").length;
  const head = el("div", { class: "code-head" },
    el("span", { class: "grow" }, over ? "Code in question" : question.policy.choices.length || question.policy.input ? "Runs once answered" : "Runs when approved",
      el("span", { class: "count" }, `${lines} line${lines > 1 ? "s" : ""}`)),
    question.redacted ? el("span", { class: "blotted" }, `${question.redacted} secret${question.redacted > 1 ? "s" : ""} blotted out`) : null,
    el("span", { class: "sha", title: `SHA-256 of the exact code: ${question.code_sha256}` }, `sha256 ${question.code_sha256.slice(0, 12)}`),
    el("a", { class: "file", href: question.file, download: "", "aria-label": "Download the code" }, icon("download"), "Download"));
  const isShort = !over && lines <= SHORT.lines && question.code.length <= SHORT.chars;
  const code = el("pre", { class: "code", tabindex: "0", role: "group", "aria-label": "Code" }, el("code", {}, python(question.code)));
  return el("div", { class: "code-box" }, head, folded("question-code", code, question.code, { isOpen: isShort }));
}

function facts(question, over, room) {
  const { policy } = question;
  const unit = policy.choices.length || policy.input ? "equal answers" : "approvals";
  const rows = [
    ["May answer", policy.approvers.includes("anyone") ? "everybody here" : policy.approvers.join(", ") || "nobody"],
    policy.need > 1 ? ["Needs", `${policy.need} ${unit}`] : null,
    policy.need > 1 && !over ? ["So far", el("span", { class: "missing" }, question.missing)] : null,
    policy.asker ? ["Asked by", policy.asker] : null,
    question.expires_at && !over ? ["Until", until(question, room)] : null,
    question.escalates_at && !over && Date.parse(question.escalates_at) > room.now()
      ? ["If nobody decides", el("span", {}, `${question.escalate_to} is asked as well, at `, time(question.escalates_at))] : null,
  ];
  return rows.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

function until(question, room) {
  const left = el("span", { class: "left", "data-until": question.expires_at });
  countdown(left, room.now());
  return el("span", {}, moment(question.expires_at, room.now()), " · ", left);
}

function reminders(view, over) {
  if (!view.reminders.length) return null;
  return el("ul", { class: "answers reminders", "aria-label": "Reminders" }, view.reminders.map((one) =>
    el("li", {}, el("span", { class: "dot warning" }, icon("clock")), el("span", { class: "said" }, visible(withoutTitle(one.title, view.message.title)),
      one.is_mine && !over ? el("span", { class: "chip" }, "for you") : null), time(one.at))));
}

// A reminder repeats what is asked; on the card of the question that is said already.
export const withoutTitle = (text, title) => (text.endsWith(`: ${title}`) ? text.slice(0, -title.length - 2) : text);

function answers(view, over) {
  const { decision: ended } = view.message;
  // One voice that decided stands in the decision already.
  if (!view.replies.length || (over && ended && ended.by.length <= 1 && view.replies.length === 1 && !view.replies[0].objection)) return null;
  return el("ul", { class: "answers", "aria-label": "Answers" }, view.replies.map((reply) => {
    const kind = reply.objection ? "void" : reply.is_yes ? "ok" : "critical";
    return el("li", { class: kind }, el("span", { class: `dot ${kind}` }, icon(kind)), el("b", {}, reply.name || reply.person),
      el("span", { class: "said" }, visible(reply.said),
        reply.objection ? el("span", { class: "why" }, `does not count: ${reply.objection}`) : null),
      time(reply.at));
  }));
}

// The day is said where it is another one than that of `since`.
const moment = (iso, since) => (dayName(iso) === dayName(since) ? time(iso) : el("span", { class: "moment" }, `${dayName(iso)}, `, time(iso)));

const notices = (view) => view.notices.map((notice) =>
  el("p", { class: "notice" }, icon("info"), el("span", {}, el("b", {}, "Only you see this: "), visible(notice.text)), time(notice.at)));

function decision(message) {
  const ended = message.decision ?? { outcome: "expired", people: [], reason: "", decided_at: message.question.expires_at };
  const [kind, word] = ENDS[ended.outcome];
  const people = ended.people.length ? ` by ${ended.people.join(", ")}` : "";
  return el("div", { class: `decision ${ended.outcome}` },
    el("span", { class: "dot" }, icon(kind)),
    el("div", {},
      el("p", {}, el("b", {}, visible(`${word}${people}`)), ended.is_self_approved ? el("span", { class: "chip" }, "self-approved") : null),
      (ended.answer ?? null) !== null ? el("p", { class: "answer" }, "Answer: ", el("b", {}, visible(ended.answer))) : null,
      ended.reason ? el("p", { class: "reason" }, visible(ended.reason)) : null),
    moment(ended.decided_at, message.created_at));
}
