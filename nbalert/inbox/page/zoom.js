// A picture large: as large as the window, or in its own size.

import { el, icon } from "./dom.js";

const $ = (id) => document.getElementById(id);
let links = [];
let at = 0;

export function zoom(link) {
  links = [...link.closest(".pictures").querySelectorAll("a")];
  at = links.indexOf(link);
  $("zoom").showModal();
  fill();
}

function fill() {
  const link = links[at];
  const { alt } = link.querySelector("img");
  const name = `${alt || "Picture"}${links.length > 1 ? ` (${at + 1} of ${links.length})` : ""}`;
  const size = el("button", { class: "plain", type: "button", "aria-pressed": "false" }, "Actual size");
  const frame = el("div", { class: "frame", tabindex: "0", role: "group", "aria-label": name }, el("img", { src: link.href, alt }));
  const toggle = () => size.setAttribute("aria-pressed", String(frame.classList.toggle("actual")));
  size.addEventListener("click", toggle);
  frame.querySelector("img").addEventListener("click", toggle);
  const step = (label, by) =>
    links.length > 1 ? el("button", { class: "plain", type: "button", onclick: () => turn(by) }, label) : null;
  $("zoom").replaceChildren(
    el("div", { class: "zoom-head" }, el("h2", { id: "zoom-title" }, name), step("Previous", -1), step("Next", 1), size,
      el("a", { class: "file", href: link.href, download: alt || "picture" }, icon("download"), "Download"),
      el("button", { class: "plain", type: "button", onclick: () => $("zoom").close() }, "Close")),
    frame);
  frame.focus();
}

function turn(by) {
  at = (at + by + links.length) % links.length;
  fill();
}

export function listenToPictures() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".pictures a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    zoom(link);
  });
  $("zoom").addEventListener("close", () => links[at]?.focus());
  $("zoom").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || links.length < 2 || event.target.closest(".actual")) return;
    event.preventDefault();
    turn(by);
  });
}
