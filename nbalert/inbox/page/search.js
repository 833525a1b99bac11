// Looking for messages: by words, level, notebook and person. What is looked for stands in the address, so that a
// reload, a bookmark and a colleague see the same.

import { el } from "./dom.js";
import { call } from "./net.js";
import { show } from "./scroll.js";
import { baseName } from "./text.js";

const NAMES = ["words", "level", "notebook", "person"];
const PAUSE_MS = 250; // between letters nothing is asked for
const $ = (id) => document.getElementById(id);
let wanted = {};
let timer = 0;
let loading = null; // what was looked for last, until it is there

const given = (source) =>
  Object.fromEntries(NAMES.map((name) => [name, (source.get(name) ?? "").trim()]).filter(([, value]) => value));
const same = (one, other) => NAMES.every((name) => (one[name] ?? "") === (other[name] ?? ""));

export const isSearching = () => Object.keys(wanted).length > 0;
export const asQuery = () => new URLSearchParams(wanted).toString();

// Whether the address asks for something else than what is shown; takes it over.
export function readAddress() {
  const asked = given(new URLSearchParams(location.hash.slice(1)));
  const isOther = !same(asked, wanted);
  wanted = asked;
  for (const name of NAMES) choose($(name), wanted[name] ?? "");
  if (isSearching()) open(true);
  return isOther;
}

export async function open(isOpen) {
  $("search").hidden = !isOpen;
  $("find").setAttribute("aria-expanded", String(isOpen));
  const answer = isOpen ? await call("GET", "api/names") : {};
  if (!answer.ok) return;
  offer($("notebook"), answer.data.notebooks, baseName);
  offer($("person"), answer.data.people, (name) => name);
}

export function start() {
  if ($("search").hidden) open(true);
  $("words").focus();
}

export function clear(changed) {
  for (const name of NAMES) $(name).value = "";
  apply(changed);
}

// `changed` is called when something else is looked for.
export function listenToSearch(changed) {
  $("find").addEventListener("click", () => ($("search").hidden ? start() : close(changed)));
  $("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    await apply(changed);
    show([...document.querySelectorAll("#messages .card")].at(-1)); // from there on the keys walk
  });
  $("words").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => apply(changed), PAUSE_MS);
  });
  for (const name of NAMES.slice(1)) $(name).addEventListener("change", () => apply(changed));
  $("search-close").addEventListener("click", () => close(changed));
  $("search").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    end(changed);
  });
}

// For who looked by keyboard; nothing where nobody looks.
export function end(changed) {
  if ($("search").hidden) return;
  close(changed);
  $("find").focus();
}

function close(changed) {
  open(false);
  clear(changed);
}

function apply(changed) {
  clearTimeout(timer);
  const asked = given(new FormData($("search")));
  if (same(asked, wanted)) return loading;
  wanted = asked;
  history.replaceState(null, "", isSearching() ? `#${asQuery()}` : location.pathname + location.search);
  return (loading = changed());
}

// Two notebooks of one name are told apart by their paths.
function offer(select, values, short) {
  const chosen = select.value;
  const names = values.map(short);
  const isTwice = (name) => names.filter((one) => one === name).length > 1;
  const options = values.map((value, at) => el("option", { value }, isTwice(names[at]) ? value : names[at]));
  select.replaceChildren(select.options[0], ...options);
  choose(select, chosen);
}

// An address may name what is not in the list.
function choose(field, value) {
  if (field.options && ![...field.options].some((option) => option.value === value))
    field.append(el("option", { value }, baseName(value)));
  field.value = value;
}
