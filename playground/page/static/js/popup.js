// The list over the message box: commands, options, choices, autocomplete, mentions. One at a time;
// the input that owns it keeps the focus and names the highlighted line to a screen reader.

import { $, el } from "./dom.js";

let owner = null;
let entries = [];
let at = -1;
let onPick = null;

/**
 * Show `items` ({label, hint, left, title}) under a heading. `highlight` is the line Enter takes,
 * -1 for none. `pick(item)` is called for the chosen line.
 */
export function showPopup(
  input,
  {
    heading = null,
    text = null,
    note = null,
    error = null,
    items = [],
    highlight = 0,
    pick = () => {},
  },
) {
  if (owner && owner !== input) release();
  owner = input;
  entries = items;
  at = items.length ? Math.min(highlight, items.length - 1) : -1;
  onPick = pick;
  const list = el(
    "ul",
    {
      class: "popup-list",
      role: "listbox",
      id: "popup-list",
      "aria-label": heading ?? "Suggestions",
    },
    items.map(line),
  );
  $("popup").replaceChildren(
    heading
      ? el(
          "div",
          { class: "popup-head" },
          el("b", { text: heading }),
          text ? el("span", { text }) : null,
        )
      : "",
    error ? el("p", { class: "popup-error", role: "alert", text: error }) : "",
    items.length ? list : "",
    note ? el("p", { class: "popup-note", text: note }) : "",
  );
  $("popup").hidden = !heading && !items.length && !note && !error;
  input.setAttribute("aria-controls", "popup-list");
  input.setAttribute("aria-expanded", String(items.length > 0));
  mark(false);
}

export function hidePopup() {
  release();
  $("popup").hidden = true;
  $("popup").replaceChildren();
  owner = null;
  entries = [];
  at = -1;
}

export const popupHasLines = () => !$("popup").hidden && entries.length > 0;

/** Arrow keys, Enter, Tab and Escape; true when the key was the popup's. */
export function popupKey(event) {
  if (!popupHasLines() || event.isComposing) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    at =
      at < 0 ? (step > 0 ? 0 : entries.length - 1) : (at + step + entries.length) % entries.length;
    mark(true);
  } else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && at >= 0) {
    onPick(entries[at]);
  } else if (event.key === "Escape") {
    hidePopup();
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

function line(item, i) {
  return el(
    "li",
    {
      class: "popup-line",
      role: "option",
      id: `popup-${i}`,
      "aria-selected": "false",
      on: {
        // The press must not take the focus from the input.
        pointerdown: (event) => event.preventDefault(),
        click: () => onPick(item),
        pointermove: () => {
          if (at === i) return;
          at = i;
          mark(false);
        },
      },
    },
    item.left ?? null,
    el(
      "span",
      { class: "popup-label" },
      el("b", { text: item.label }),
      item.detail ? el("span", { text: item.detail }) : null,
    ),
    item.hint ? el("span", { class: "popup-hint", text: item.hint }) : null,
  );
}

function mark(scroll) {
  const lines = $("popup").querySelectorAll(".popup-line");
  lines.forEach((node, i) => {
    node.classList.toggle("at", i === at);
    node.setAttribute("aria-selected", String(i === at));
  });
  if (at >= 0) owner.setAttribute("aria-activedescendant", `popup-${at}`);
  else owner.removeAttribute("aria-activedescendant");
  if (scroll && at >= 0) lines[at].scrollIntoView({ block: "nearest" });
}

function release() {
  owner?.setAttribute("aria-expanded", "false");
  owner?.removeAttribute("aria-activedescendant");
}
