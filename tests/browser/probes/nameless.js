// Every control that is shown and has no name a screen reader could say.
() => {
  const named = (node) =>
    node.ariaLabel ||
    node.textContent.trim() ||
    node.getAttribute("aria-labelledby") ||
    node.closest("label");
  return [...document.querySelectorAll("button, a, input, textarea, [role=switch], video")]
    .filter((node) => node.checkVisibility() && !named(node))
    .map((node) => node.outerHTML.slice(0, 120));
};
