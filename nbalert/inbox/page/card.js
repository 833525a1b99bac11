// One message as a card.

import { ask, isOver } from "./ask.js";
import { copyButton } from "./copy.js";
import { dayName, duration, el, icon, isWeb, outside, time } from "./dom.js";
import { addressOf } from "./here.js";
import { table } from "./table.js";
import { baseName, folded, prose, python, visible } from "./text.js";

const WORDS = { OK: "OK", INFO: "Info", WARNING: "Warning", CRITICAL: "Critical" };

export function card(view, room) {
  const { message } = view;
  const kind = message.question ? "question" : message.level.toLowerCase();
  const over = message.question && isOver(message, room.now());
  const node = el("article", {
    class: `card ${kind}${message.question && !over ? " asks" : ""}`, id: `m-${view.id}`, tabindex: "-1",
    "aria-labelledby": `t-${view.id}`, "data-number": view.number, "data-day": dayName(message.created_at) },
    el("span", { class: `dot ${kind}` }, icon(kind)),
    el("div", { class: "body" },
      el("header", {}, el("h2", { id: `t-${view.id}` }, visible(message.title)),
        (message.mention ?? []).includes(room.me()) ? el("span", { class: "chip" }, "for you") : null,
        el("span", { class: "fresh" }, "New"),
        el("span", { class: "word" }, message.question ? "Question" : WORDS[message.level]),
        el("a", { class: "when", href: `#m=${view.id}`, title: "Link to this message" }, time(message.created_at)),
        copyButton("Copy the link", () => addressOf(view.id), { kind: "link", word: "" })),
      parts(view, room), source(message)));
  return node;
}

function parts(view, room) {
  const { message } = view;
  const cut = message.cut ?? [];
  const fold = (name, content, options = {}) =>
    folded(name, content, message[name], { ...options, whole: cut.includes(name) ? () => room.whole(view.id) : null, isOpen: room.isOpen(view.id, name) });
  const mono = (name, label, button = null) => message[name] &&
    el("div", { class: `part ${name}` }, el("div", { class: "part-head" }, el("h3", {}, label), button), fold(name, el("pre", {}, visible(message[name]))));
  return [
    message.text && message.text !== message.question?.text && fold("text", el("p", { class: "text" }, prose(message.text))),
    message.question && ask(view, room),
    message.error && el("p", { class: "error" }, visible(message.error)),
    result(message, fold) ?? mono("result", "Result"),
    message.traceback && message.traceback !== message.error && mono("traceback", "Traceback", copyButton("Copy traceback", () => room.traceback(view.id), { kind: "traceback" })),
    message.whole_traceback && message.whole_traceback !== message.traceback && wholeTraceback(message, cut, fold),
    mono("output", "Output"),
    pictures(message),
    fields(message.metadata),
    message.code && message.code !== message.question?.code && cell(message.code),
  ].filter(Boolean);
}

// A table in place of its text, where there is one.
function result(message, fold) {
  const shown = message.html && table(message.html);
  return shown ? el("div", { class: "part result" }, el("h3", {}, "Result"), fold("result", shown)) : null;
}

function wholeTraceback(message, cut, fold) {
  const text = message.whole_traceback;
  const frames = el("pre", {}, visible(text));
  return el("details", { class: "cell", "data-keep": "whole" },
    el("summary", {}, "Whole traceback ", el("span", { class: "muted" }, `${text.split("\n").length} lines`)),
    cut.includes("whole_traceback") ? fold("whole_traceback", frames) : frames);
}

function cell(code) {
  const lines = code.split("\n").length;
  return el("details", { class: "cell", "data-keep": "cell" },
    el("summary", {}, "Code ", el("span", { class: "muted" }, `${lines} line${lines > 1 ? "s" : ""}`)),
    el("pre", { class: "code" }, el("code", {}, python(code))));
}

function pictures(message) {
  return message.images.length ? el("div", { class: "pictures" }, message.images.map((image) =>
    el("a", { href: image.url, target: "_blank", rel: "noopener noreferrer" },
      el("img", { src: image.url, alt: image.name, loading: "lazy", decoding: "async" })))) : null;
}

function fields(metadata) {
  const rows = Object.entries(metadata);
  const value = (one) => (typeof one === "string" ? prose(one) : String(one));
  return rows.length ? el("dl", { class: "facts" }, rows.map(([name, one]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value(one))))) : null;
}

function source(message) {
  const { notebook, cell_number: number, host, user, link, commit, kernel } = message.source;
  const place = [baseName(notebook ?? ""), number === null ? "" : `cell ${number}`].filter(Boolean).join(", ");
  const bits = [
    place && (isWeb(link) ? outside(link, place) : place),
    [user, host].filter(Boolean).join("@"),
    kernel,
    commit && `commit ${commit}`,
    message.duration_s === null ? "" : `took ${duration(message.duration_s)}`,
    message.topic && `topic ${message.topic}`,
  ].filter(Boolean);
  return bits.length ? el("footer", {}, bits.map((bit) => el("span", {}, bit))) : null;
}
