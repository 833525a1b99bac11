// The keyboard: walking over cards, going to questions, answering.

const current = () => document.activeElement.closest?.(".card") ?? null;

// `page` has: isIn(), mine() the questions that wait for the reader, show(node), toNewest(), menu(isOpen), search(),
// unread().
export function listen(page) {
  const nextQuestion = () => {
    const here = Number(current()?.dataset.number ?? 0);
    const waiting = page.mine();
    const next = waiting.find((view) => view.number > here) ?? waiting[0];
    if (next) page.show(document.getElementById(`m-${next.id}`));
  };
  const step = (by) => {
    const cards = [...document.querySelectorAll(".card")];
    const here = cards.indexOf(current());
    page.show(cards[here < 0 ? cards.length - 1 : Math.max(0, Math.min(cards.length - 1, here + by))]);
  };
  const press = (role) => {
    if (!current()) nextQuestion();
    const part = current()?.querySelector(`[data-keep="${role}"]`);
    part?.scrollIntoView({ block: "nearest" });
    part?.focus();
  };
  const keys = {
    j: () => step(1), k: () => step(-1), n: nextQuestion, a: () => press("approve"), r: () => press("reject"),
    c: () => press("comment"), e: () => current()?.querySelector(".more")?.click(), ".": () => page.toNewest(), "/": () => page.search(),
    u: () => page.show(page.unread()), y: () => current()?.querySelector(".copy")?.click(),
    z: () => current()?.querySelector(".pictures a")?.click(),
    "?": () => document.getElementById("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      page.menu(false);
      document.activeElement.closest?.(".card")?.focus();
    }
    const typing = event.target.closest?.("textarea, input, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !page.isIn() || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  return nextQuestion;
}
