// One option of a command as a chip: its name and an input that fits its type.

import * as api from "./api.js";
import { OPTION } from "./commands.js";
import { avatar, bytes, el } from "./dom.js";
import { icon } from "./icons.js";
import { showPopup } from "./popup.js";
import { displayName, guild, user } from "./store.js";

const DEBOUNCE_MS = 250;
const MAX_LINES = 25;

/**
 * Make the chip of `option`. `form` is asked for `moved()` when a value was picked and for
 * `context()`, the other values typed so far, which travel with an autocomplete request.
 */
export function makeField(option, form) {
  return option.type === OPTION.ATTACHMENT ? fileField(option) : textField(option, form);
}

const describe = (option) => ({ heading: option.name, text: option.description });

function textField(option, form) {
  const listed = choicesOf(option);
  const long = option.type === OPTION.STRING && !listed && !option.autocomplete;
  const input = el(long ? "textarea" : "input", {
    class: "chip-input",
    rows: long ? "1" : null,
    type: long ? null : "text",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-label": `${option.name}: ${option.description}`,
    "aria-required": option.required ? "true" : "false",
    inputmode:
      option.type === OPTION.INTEGER ? "numeric" : option.type === OPTION.NUMBER ? "decimal" : null,
    spellcheck: "false",
    data: { option: option.name },
  });
  const node = el(
    "span",
    { class: "chip", on: { click: () => input.focus() } },
    el("span", { class: "chip-name", text: option.name }),
    input,
  );
  let picked = null;
  let problem = null;
  let timer = null;
  let asked = 0;

  const grow = () => {
    if (CSS.supports("field-sizing", "content")) return;
    if (long) {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight}px`;
    } else {
      input.size = Math.max(3, input.value.length + 1);
    }
  };

  function set(choice) {
    picked = choice;
    input.value = choice.name;
    problem = null;
    node.classList.remove("invalid");
    grow();
  }

  function pick(item) {
    set(item.choice);
    form.moved(field);
  }

  function suggest() {
    if (option.autocomplete) {
      clearTimeout(timer);
      asked += 1; // an answer to what was typed before is of no use any more
      show([], { note: "Loading options…" });
      timer = setTimeout(ask, input.value ? DEBOUNCE_MS : 0);
    } else if (listed) {
      const typed = picked ? "" : input.value.trim().toLowerCase();
      const found = listed.filter((c) => c.name.toLowerCase().includes(typed));
      show(found, { note: found.length ? null : "No option matches your search." });
    } else {
      const most = option.max_length;
      const note =
        long && most && input.value.length > most * 0.9
          ? `${input.value.length} of ${most} characters`
          : bounds(option);
      show([], { note: problem ? null : note });
    }
  }

  async function ask() {
    const turn = ++asked;
    try {
      const { choices } = await api.autocomplete(
        form.command.name,
        form.command.path,
        option.name,
        input.value,
        form.context(field),
      );
      if (turn === asked && document.activeElement === input)
        show(choices, { note: choices.length ? null : "No option matches your search." });
    } catch {
      if (turn === asked && document.activeElement === input)
        show([], { error: "Loading options failed" });
    }
  }

  function show(choices, extra) {
    const items = choices.slice(0, MAX_LINES).map((choice) => ({
      label: choice.name,
      choice,
      left: choice.user ? avatar(choice.user, "small") : null,
      hint: choice.hint,
    }));
    const now = items.findIndex((item) => picked && item.choice.value === picked.value);
    showPopup(input, {
      ...describe(option),
      error: problem,
      items,
      highlight: picked && now >= 0 ? -1 : 0,
      pick,
      ...extra,
    });
  }

  input.addEventListener("focus", suggest);
  input.addEventListener("input", () => {
    const typed = input.value.trim().toLowerCase();
    picked = listed?.find((c) => c.name.toLowerCase() === typed) ?? null;
    problem = null;
    node.classList.remove("invalid");
    grow();
    suggest();
  });

  const field = {
    option,
    node,
    input,
    isEmpty: () => input.value === "",
    focus: () => input.focus(),
    fill(text) {
      input.value = text;
      picked =
        listed?.find(
          (c) => c.name.toLowerCase() === text.toLowerCase() || String(c.value) === text,
        ) ?? null;
      if (picked) input.value = picked.name;
      grow();
    },
    /** What travels: a picked choice's value, else what was typed, in the option's type. */
    value: () => (picked ? picked.value : typedValue(option, input.value)),
    isFit: () => faultOf(option, input.value, picked, Boolean(listed)) === null,
    check() {
      problem = faultOf(option, input.value, picked, Boolean(listed));
      node.classList.toggle("invalid", problem !== null);
      return problem === null;
    },
    stop: () => clearTimeout(timer),
  };
  grow();
  return field;
}

function typedValue(option, text) {
  if (option.type === OPTION.INTEGER || option.type === OPTION.NUMBER) return Number(text);
  return text;
}

function faultOf(option, text, picked, listed) {
  if (!text.trim()) return option.required ? "This option is required. Specify a value." : null;
  if (listed && !picked) return "Choose one of the listed values.";
  if (picked) return null;
  const { min_length: shortest, max_length: longest, min_value: least, max_value: most } = option;
  if (option.type === OPTION.INTEGER && !/^\s*-?\d{1,16}\s*$/.test(text))
    return "Input a whole number.";
  if (option.type === OPTION.NUMBER && !Number.isFinite(Number(text))) return "Input a number.";
  if (option.type === OPTION.INTEGER || option.type === OPTION.NUMBER) {
    if (
      (least !== undefined && Number(text) < least) ||
      (most !== undefined && Number(text) > most)
    )
      return bounds(option);
    return null;
  }
  if (shortest !== undefined && text.length < shortest)
    return `At least ${shortest} characters (now ${text.length}).`;
  if (longest !== undefined && text.length > longest)
    return `At most ${longest} characters (now ${text.length}).`;
  return null;
}

function bounds({ min_value: least, max_value: most }) {
  if (least !== undefined && most !== undefined) return `Between ${least} and ${most}.`;
  if (least !== undefined) return `${least} or more.`;
  return most !== undefined ? `${most} or less.` : null;
}

/** The whole list of a type that has one, else null. */
function choicesOf(option) {
  if (option.choices?.length) return option.choices;
  const here = guild();
  const people = (here?.members ?? []).map((m) => ({
    name: displayName(m.id),
    value: m.id,
    user: user(m.id),
    hint: user(m.id)?.name,
  }));
  const roles = (here?.roles ?? []).map((r) => ({
    name: r.id === here.id ? "@everyone" : `@${r.name}`,
    value: r.id,
  }));
  switch (option.type) {
    case OPTION.BOOLEAN:
      return [
        { name: "True", value: true },
        { name: "False", value: false },
      ];
    case OPTION.USER:
      return people;
    case OPTION.ROLE:
      return roles;
    case OPTION.MENTIONABLE:
      return [...people, ...roles];
    case OPTION.CHANNEL:
      return (here?.channels ?? [])
        .filter((c) => !option.channel_types?.length || option.channel_types.includes(c.type))
        .map((c) => ({ name: `#${c.name}`, value: c.id }));
    default:
      return null;
  }
}

function fileField(option) {
  const chooser = el("input", {
    type: "file",
    class: "sr-only",
    tabindex: "-1",
    "aria-hidden": "true",
    data: { file: option.name },
  });
  const input = el("button", {
    type: "button",
    class: "chip-file",
    "aria-label": `${option.name}: ${option.description}`,
    data: { option: option.name },
  });
  const node = el(
    "span",
    { class: "chip" },
    el("span", { class: "chip-name", text: option.name }),
    input,
    chooser,
  );
  let file = null;
  let problem = null;
  const draw = () => {
    node.classList.toggle("invalid", problem !== null);
    input.replaceChildren(
      icon(file ? "image" : "plus", 16),
      file ? `${file.name} · ${bytes(file.size)}` : "Choose, drop or paste a file",
    );
  };
  const hint = () => showPopup(input, { ...describe(option), error: problem });
  const field = {
    option,
    node,
    input,
    isEmpty: () => file === null,
    focus: () => input.focus(),
    give(next) {
      file = next;
      problem = null;
      draw();
    },
    clear() {
      file = null;
      draw();
    },
    file: () => file,
    check() {
      problem = option.required && !file ? "This option is required. Choose a file." : null;
      draw();
      return problem === null;
    },
    stop() {},
  };
  input.addEventListener("click", () => chooser.click());
  input.addEventListener("focus", hint);
  chooser.addEventListener("change", () => chooser.files[0] && field.give(chooser.files[0]));
  draw();
  return field;
}
