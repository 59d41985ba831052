// Select menus: of texts, members, roles and channels; in messages and in modals.

import { avatar, el } from "./dom.js";
import { icon } from "./icons.js";
import { displayName, guild, user } from "./store.js";

const TYPE = { STRING: 3, USER: 5, ROLE: 6, MENTIONABLE: 7, CHANNEL: 8 };
export const isSelect = (component) => Object.values(TYPE).includes(component.type);

const MOST_PX = 280; // as in components.css
const GAP_PX = 12;

let opened = null;

/**
 * A select as a button with a list box. `changed(values)` is called when one value was taken, or
 * when a list that takes several was closed with another choice than before.
 */
export function select(component, changed) {
  const options = optionsOf(component);
  const several = (component.max_values ?? 1) > 1;
  let chosen = new Set(options.filter((o) => o.default).map((o) => o.value));
  const shown = el("span", { class: "select-value" });
  const button = el(
    "button",
    {
      type: "button",
      class: "select",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      disabled: component.disabled,
      data: { key: component.custom_id },
    },
    shown,
    icon("chevron", 18),
  );
  const list = el("ul", {
    class: "select-list",
    role: "listbox",
    "aria-multiselectable": several ? "true" : null,
    hidden: true,
  });
  const box = el("div", { class: "select-box" }, button, list);
  let at = 0;
  let before = "";

  function draw() {
    const picked = options.filter((o) => chosen.has(o.value));
    shown.textContent =
      picked.map((o) => o.label).join(", ") || component.placeholder || "Make a selection";
    shown.classList.toggle("empty", !picked.length);
    button.setAttribute(
      "aria-label",
      `${component.placeholder || "Select"}: ${picked.map((o) => o.label).join(", ") || "nothing chosen"}`,
    );
    list.replaceChildren(...options.map((option, i) => row(option, i)));
    if (!options.length) list.append(el("li", { class: "select-none", text: "Nothing to choose" }));
  }

  function row(option, i) {
    const on = chosen.has(option.value);
    return el(
      "li",
      {
        role: "option",
        class: i === at ? "at" : "",
        "aria-selected": String(on),
        on: { click: () => take(i) },
      },
      option.user
        ? avatar(option.user, "small")
        : option.emoji?.name
          ? el("span", { class: "emoji", text: option.emoji.name })
          : null,
      el(
        "span",
        { class: "select-label" },
        option.label,
        option.description ? el("small", { text: option.description }) : null,
      ),
      several || on
        ? el("span", { class: `tick ${on ? "on" : ""}` }, on ? icon("check", 16) : null)
        : null,
    );
  }

  function take(i) {
    const value = options[i]?.value;
    if (value === undefined) return;
    at = i;
    if (!several) {
      // Taken once more, the choice of an optional select is given up.
      const optional = component.min_values === 0 || component.required === false;
      chosen = optional && chosen.has(value) ? new Set() : new Set([value]);
      close(false);
      draw();
      changed([...chosen]);
      return;
    }
    if (chosen.has(value)) chosen.delete(value);
    else if (chosen.size < component.max_values) chosen.add(value);
    draw();
  }

  function open() {
    opened?.();
    before = [...chosen].join();
    at = Math.max(
      0,
      options.findIndex((o) => chosen.has(o.value)),
    );
    draw();
    list.hidden = false;
    place();
    button.setAttribute("aria-expanded", "true");
    opened = () => close(true);
    list.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  }

  /** Where there is more room. In a form, whose body scrolls, the list lies over the whole page. */
  function place() {
    const form = box.closest(".modal-body");
    const { left, width, top, bottom } = button.getBoundingClientRect();
    const above = top - GAP_PX;
    const below = innerHeight - bottom - GAP_PX;
    const isUp = below < Math.min(MOST_PX, list.scrollHeight) && above > below;
    box.classList.toggle("up", isUp);
    if (!form) return list.scrollIntoView({ block: "nearest" });
    const most = Math.min(MOST_PX, isUp ? above : below);
    Object.assign(list.style, {
      position: "fixed",
      left: `${left}px`,
      width: `${width}px`,
      maxHeight: `${most}px`,
      top: isUp ? "auto" : `${bottom + 4}px`,
      bottom: isUp ? `${innerHeight - top + 4}px` : "auto",
    });
    return form.addEventListener("scroll", () => opened?.(), { once: true });
  }

  function close(tell) {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    opened = null;
    if (!tell || !several || [...chosen].join() === before) return;
    if (chosen.size >= (component.min_values ?? 1)) changed([...chosen]);
  }

  // The keys are the button's: a press in the list must not take the focus from it.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", () => (list.hidden ? open() : close(true)));
  button.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      open();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + options.length) % options.length;
    else if (event.key === "Enter" || event.key === " ") take(at);
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    if (event.key !== "Tab") {
      event.preventDefault();
      event.stopPropagation();
    }
    if (list.hidden) return;
    draw();
    list.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  });
  draw();
  box.values = () => [...chosen];
  return box;
}

document.addEventListener("pointerdown", (event) => {
  if (opened && !event.target.closest(".select-box")) opened();
});

function optionsOf(component) {
  if (component.type === TYPE.STRING) return component.options ?? [];
  const defaults = new Set((component.default_values ?? []).map((v) => v.id));
  const here = guild();
  const people = (here?.members ?? []).map((m) => ({
    value: m.id,
    label: displayName(m.id),
    user: user(m.id),
  }));
  const roles = (here?.roles ?? [])
    .filter((r) => r.id !== here.id)
    .map((r) => ({ value: r.id, label: `@${r.name}` }));
  const channels = (here?.channels ?? [])
    .filter((c) => !component.channel_types?.length || component.channel_types.includes(c.type))
    .map((c) => ({ value: c.id, label: `#${c.name}` }));
  const all = {
    [TYPE.USER]: people,
    [TYPE.ROLE]: roles,
    [TYPE.MENTIONABLE]: [...people, ...roles],
    [TYPE.CHANNEL]: channels,
  };
  return all[component.type].map((o) => ({ ...o, default: defaults.has(o.value) }));
}
