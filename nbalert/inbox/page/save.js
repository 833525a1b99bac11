// What is shown, as a file: JSON for programs, plain text for people.

import { el } from "./dom.js";
import { addressOf } from "./here.js";
import { views } from "./list.js";
import { call } from "./net.js";

const RULE = "-".repeat(72);
const PARTS = [["text", ""], ["error", "Error"], ["result", "Result"], ["traceback", "Traceback"], ["output", "Output"], ["code", "Code"]];

export async function save(kind) {
  const shown = [...document.querySelectorAll("#messages .card")].map((node) => views.get(node.id.slice(2)));
  const whole = [];
  for (const view of shown) whole.push(view.message.cut ? await withoutCuts(view) : view);
  const text = kind === "json" ? JSON.stringify(whole.map(plain), null, 2) : whole.map(lines).join("\n");
  const url = URL.createObjectURL(new Blob([text], { type: kind === "json" ? "application/json" : "text/plain;charset=utf-8" }));
  el("a", { href: url, download: `inbox-${new Date().toISOString().slice(0, 10)}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function withoutCuts(view) {
  const answer = await call("GET", `api/messages/${view.id}`);
  return answer.ok ? answer.data : view;
}

function plain(view) {
  const { message } = view;
  const images = message.images.map((image) => ({ ...image, url: new URL(image.url, location.href).href }));
  const replies = view.replies.map(({ person, name, said, answer, objection, at }) => ({ person, name, said, answer, objection, at }));
  return { id: view.id, link: addressOf(view.id), ...message, images, replies };
}

function lines(view) {
  const { message } = view;
  const { notebook, cell_number: cell, user, host } = message.source;
  const said = view.replies.map((one) => `${one.at}  ${one.name || one.person}: ${one.said}${one.objection ? ` (does not count: ${one.objection})` : ""}`);
  const asked = message.question;
  const ended = message.decision;
  return [
    RULE,
    `${message.created_at}  ${asked ? "QUESTION" : message.level}  ${message.title}`,
    [notebook, cell === null ? "" : `cell ${cell}`, [user, host].filter(Boolean).join("@")].filter(Boolean).join("  "),
    addressOf(view.id),
    ...PARTS.flatMap(([name, label]) => (message[name] ? ["", label && `${label}:`, message[name]] : [])),
    ...Object.entries(message.metadata).map(([name, value]) => `${name}: ${value}`),
    ...message.images.map((image) => `Picture: ${image.name}`),
    asked?.code && asked.code !== message.code ? `\nCode in question (sha256 ${asked.code_sha256}):\n${asked.code}` : "",
    ...said,
    ended ? `${ended.decided_at}  ${ended.outcome}${ended.people.length ? ` by ${ended.people.join(", ")}` : ""}${ended.reason ? `: ${ended.reason}` : ""}` : "",
  ].filter((line) => line !== "").join("\n") + "\n";
}
