// What somebody typed, opened or focused outlives a newer version of the card. What is returned is called once that
// stands in the page: at once, or the focus would be taken from whoever goes on to another card meanwhile.
export function keep(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const part of old.querySelectorAll("[data-keep]")) {
    const twin = node.querySelector(`[data-keep="${part.dataset.keep}"]`);
    if (twin && ["TEXTAREA", "INPUT"].includes(part.tagName)) twin.value = part.value;
    if (twin && part.tagName === "DETAILS") twin.open = part.open;
  }
  for (const part of old.querySelectorAll(".fold:not(.closed) > .more"))
    node.querySelector(`.fold.closed[data-fold="${part.parentElement.dataset.fold}"] > .more`)?.click();
  return () => {
    if (!focused) return;
    const twin = node.querySelector(`[data-keep="${focused.dataset.keep}"]`);
    (twin?.offsetParent ? twin : node).focus({ preventScroll: true }); // what was answered hides its buttons
  };
}
