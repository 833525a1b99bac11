// The menu behind the reader's name.

const $ = (id) => document.getElementById(id);
const items = () => [...$("menu").querySelectorAll("button:not([hidden])")];

export function menu(isOpen) {
  $("menu").hidden = !isOpen;
  $("who").setAttribute("aria-expanded", String(isOpen));
}

export function openMenu() {
  menu(true);
  items()[0].focus();
}

export function listenToMenu() {
  $("who").addEventListener("click", (event) => {
    const isByKey = event.detail === 0;
    $("menu").hidden && isByKey ? openMenu() : menu($("menu").hidden);
  });
  $("menu").addEventListener("keydown", (event) => {
    if (event.key === "Escape") (menu(false), $("who").focus(), event.stopPropagation());
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const all = items();
    all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
  });
  document.addEventListener("click", (event) => event.target.closest("#who, #menu") || menu(false));
}
