// What is said aloud of a change, and the reminders that stand above the list.

import { withoutTitle } from "./ask.js";
import { el, icon } from "./dom.js";
import { visible } from "./text.js";

const SHOWN = 3;

// One line for the live region; empty if nothing worth a word has changed.
export function news(known, view) {
  const { message, replies, reminders, notices } = view;
  if (!known) return `${message.question ? "Question" : message.level}: ${message.title}`;
  if (message.decision && !known.message.decision) return `${message.decision.outcome}: ${message.title}`;
  if (notices.length > known.notices.length) return `Only for you: ${notices.at(-1).text}`;
  if (reminders.length > known.reminders.length) return `${message.title}: ${withoutTitle(reminders.at(-1).title, message.title)}`;
  if (replies.length > known.replies.length) {
    const { name, person, said, objection } = replies.at(-1);
    const rest = objection ? `does not count: ${objection}` : message.decision ? "" : message.question.missing;
    return `${name || person}: ${said}. ${rest}`;
  }
  return "";
}

// Those of the questions that wait which somebody was reminded of, newest reminder first; the reader's own before others.
export function reminded(waiting, show) {
  const last = (view) => view.reminders.at(-1);
  const isMine = (view) => view.reminders.some((one) => one.is_mine);
  const views = waiting.filter(last).sort((a, b) => isMine(b) - isMine(a) || Date.parse(last(b).at) - Date.parse(last(a).at));
  const rows = views.slice(0, SHOWN).map((view) =>
    el("button", { type: "button", onclick: () => show(view.id) }, icon("clock"),
      el("span", { class: "what" }, el("b", {}, visible(view.message.title)), " ", visible(withoutTitle(last(view).title, view.message.title))),
      isMine(view) ? el("span", { class: "chip" }, "for you") : null));
  const rest = views.length - rows.length;
  return [...rows, rest > 0 ? el("p", {}, `and ${rest} more`) : null].filter(Boolean);
}
