// Building blocks. Text becomes text nodes and nothing else: nothing in this page parses HTML.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const SHAPES = {
  ok: ["M5 12.5l4.5 4.5L19 7.5"],
  info: ["M12 11v6", "M12 7.2v.1"],
  warning: ["M12 6.5v7", "M12 17.2v.1"],
  critical: ["M7 7l10 10", "M17 7L7 17"],
  question: ["M8.8 9.2a3.3 3.3 0 1 1 4.9 3c-1.1.7-1.7 1.2-1.7 2.4", "M12 17.9v.1"],
  expired: ["M12 7v5.2l3.2 2", "M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17"],
  cancelled: ["M6.5 12h11"],
  void: ["M7 12h10"],
  download: ["M12 4.5v10", "M7.5 10.5l4.5 4.5l4.5-4.5", "M5.5 19.5h13"],
  down: ["M12 5v13", "M6 12.5l6 6 6-6"],
  find: ["M10.5 4.5a6 6 0 1 1 0 12a6 6 0 0 1 0-12", "M15 15l5 5"],
  copy: ["M9 9h10v10H9z", "M15 9V5H5v10h4"],
  link: ["M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1", "M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1"],
  clock: ["M12 7v5.2l3.2 2", "M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17"],
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const time = (iso) =>
  el("time", { datetime: iso, title: exact.format(new Date(iso)) }, clock.format(new Date(iso)));

export function dayName(iso) {
  const name = (date) => day.format(date);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  const found = name(new Date(iso));
  return found === name(today) ? "Today" : found === name(yesterday) ? "Yesterday" : found;
}

// A line above the first card of each day.
export function dayLines(...lists) {
  for (const line of document.querySelectorAll(".day")) line.remove();
  for (const list of lists) {
    let day = "";
    for (const node of list.querySelectorAll(":scope > .card")) {
      if (node.dataset.day !== day) node.before(el("p", { class: "day" }, node.dataset.day));
      day = node.dataset.day;
    }
  }
}

// Seconds as `3 min 5 s`: two units at most.
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  for (const [unit, name, smaller, smallerName] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (whole < unit) continue;
    const rest = Math.floor((whole % unit) / smaller);
    return `${Math.floor(whole / unit)} ${name}` + (rest ? ` ${rest} ${smallerName}` : "");
  }
  return `${whole} s`;
}

export const isWeb = (url) => /^https?:\/\//i.test(url);

export const outside = (url, text) =>
  el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
