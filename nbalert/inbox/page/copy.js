// Text for the clipboard. A key finds a button by its kind.

import { el, icon } from "./dom.js";

export function copyButton(label, text, { kind = null, word: says = "Copy" } = {}) {
  const word = el("span", {}, says);
  const button = el("button", { class: "copy", type: "button", "aria-label": label, title: says ? null : label, "data-copy": kind },
    icon(kind === "link" ? "link" : "copy"), word);
  button.addEventListener("click", async () => {
    const isDone = await copied(await text(), button);
    word.textContent = isDone ? "Copied" : "Not copied";
    button.setAttribute("aria-label", `${word.textContent}: ${label}`);
    document.getElementById("says").textContent = isDone ? "Copied" : "The browser did not let it be copied";
  });
  return button;
}

// Without TLS, on another machine, browsers keep the clipboard from pages save in this old way.
async function copied(text, button) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = el("textarea", { class: "unseen", readonly: true });
  field.value = text;
  button.after(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  button.focus();
  return isDone;
}
