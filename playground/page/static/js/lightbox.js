// A picture, large.

import { el } from "./dom.js";
import { icon } from "./icons.js";

export function openImage(path, alt) {
  const dialog = el(
    "dialog",
    { class: "lightbox", "aria-label": alt || "Image" },
    el("img", { src: path, alt: alt ?? "" }),
    el(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": "Close",
        on: { click: () => dialog.close() },
      },
      icon("close"),
    ),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
