// What somebody typed, opened or focused outlives a newer version of the card.
export function keep(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const part of old.querySelectorAll("[data-keep]")) {
    const twin = node.querySelector(`[data-keep="${part.dataset.keep}"]`);
    if (twin && ["TEXTAREA", "INPUT"].includes(part.tagName)) twin.value = part.value;
    if (twin && part.tagName === "DETAILS") twin.open = part.open;
  }
  for (const part of old.querySelectorAll(".fold:not(.closed) > .more"))
    node.querySelector(`.fold.closed[data-fold="${part.parentElement.dataset.fold}"] > .more`)?.click();
  if (focused) requestAnimationFrame(() =>
    (node.querySelector(`[data-keep="${focused.dataset.keep}"]`) ?? node).focus({ preventScroll: true }));
}
