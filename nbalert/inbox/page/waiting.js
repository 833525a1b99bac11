// The questions that wait for the reader: how many, and those that somebody was reminded of.

import { waitsFor } from "./ask.js";
import { views } from "./list.js";
import { reminded } from "./news.js";

const $ = (id) => document.getElementById(id);

export const mine = (room) =>
  [...views.values()].filter((view) => waitsFor(view, room.me(), room.now())).sort((a, b) => a.number - b.number);

// `reveal` is called with the card that a reminder leads to.
export function showWaiting(room, reveal) {
  const questions = mine(room);
  remind(questions, reveal);
  const waiting = questions.length;
  document.title = waiting ? `(${waiting}) nbalert inbox` : "nbalert inbox";
  $("waiting").hidden = !waiting;
  $("waiting").textContent = waiting === 1 ? "1 question waits" : `${waiting} questions wait`;
}

function remind(questions, reveal) {
  const rows = reminded(questions, (id) => reveal($(`m-${id}`)));
  $("reminded").hidden = !rows.length;
  if ($("reminded").textContent !== rows.map((row) => row.textContent).join("")) $("reminded").replaceChildren(...rows);
}
