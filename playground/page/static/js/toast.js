// Small notices in a corner, which leave by themselves.

import { $, avatar, el } from "./dom.js";
import { icon } from "./icons.js";

const STAYS_MS = 6000;

export function toast({ title, text = "", author = null, action = null }) {
  const close = () => node.remove();
  const go = () => {
    close();
    action?.();
  };
  const node = el(
    "div",
    { class: "toast" },
    author ? avatar(author, "small") : null,
    el(
      action ? "button" : "div",
      { class: "toast-text", type: action ? "button" : null, on: action ? { click: go } : {} },
      el("b", { text: title }),
      text ? el("span", { text }) : null,
    ),
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Close the notice",
        on: { click: close },
      },
      icon("close", 16),
    ),
  );
  $("toasts").append(node);
  while ($("toasts").childElementCount > 4) $("toasts").firstElementChild.remove();
  let timer = setTimeout(close, STAYS_MS);
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("pointerleave", () => (timer = setTimeout(close, STAYS_MS)));
}
