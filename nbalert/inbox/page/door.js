// What stands on the page where there is nothing to show: not signed in, or nothing said yet.

import { el } from "./dom.js";

const logo = () => el("img", { src: "icon.svg", alt: "", width: "44", height: "44" });

export const door = (problem) => [
  logo(), el("h1", {}, "You are not signed in"),
  problem ? el("p", { class: "problem", role: "alert" }, `${problem[0].toUpperCase()}${problem.slice(1)}.`) : "",
  el("p", {}, "Ask for a link: it signs you in, works once, and only for a short time."),
  el("dl", {}, [["In a notebook", "%nbalert inbox"], ["In a terminal", "nbalert inbox invite NAME"]].map(
    ([where, what]) => el("div", {}, el("dt", {}, where), el("dd", {}, el("code", {}, what))))),
];

export const nothingYet = () => [
  logo(), el("h1", {}, "Nothing here yet"),
  el("p", {}, "What your notebooks say and ask appears on this page. Try one:"),
  el("pre", { class: "code" }, '%load_ext nbalert\n%alert Hello from a notebook\n%ask "May I go on?"'),
];
