// A chosen command in the message box: its name, a chip per option, "+n optional", and sending it.

import * as api from "./api.js";
import { OPTION } from "./commands.js";
import { $, el } from "./dom.js";
import { makeField } from "./field.js";
import { runCommand } from "./interactions.js";
import { hidePopup, popupKey, showPopup } from "./popup.js";

let form = null;

export const openedCommand = () => form?.command ?? null;

/** Put `command` into the box, with texts for some options; `left()` is called as it goes. */
export function openCommand(command, values, left) {
  form?.fields.forEach((f) => f.stop());
  form = { command, fields: [], left, moved, context };
  form.more = moreInput();
  const chips = el(
    "div",
    { class: "chips" },
    el("span", { class: "chip-command", text: `/${command.title}` }),
    form.more,
  );
  $("command").replaceChildren(chips);
  $("command").hidden = false;
  $("box").hidden = true;
  for (const option of command.options)
    if (option.required || option.name in values) add(option, values[option.name]);
  drawMore();
  next();
}

export function closeCommand() {
  if (!form) return;
  const { left, fields } = form;
  fields.forEach((f) => f.stop());
  form = null;
  $("command").hidden = true;
  $("command").replaceChildren();
  $("box").hidden = false;
  hidePopup();
  left();
}

export function startCommandForm() {
  $("command").addEventListener("keydown", key);
  $("command").addEventListener("focusout", () => {
    setTimeout(() => {
      if (form && !$("composer").contains(document.activeElement)) hidePopup();
    });
  });
}

function add(option, text) {
  const field = makeField(option, form);
  form.fields.push(field);
  form.more.before(field.node);
  if (text && option.type !== OPTION.ATTACHMENT) field.fill(text);
  drawMore();
  return field;
}

function drop(field) {
  const at = form.fields.indexOf(field);
  field.stop();
  field.node.remove();
  form.fields.splice(at, 1);
  drawMore();
  (form.fields[at - 1] ?? form.fields[0] ?? { focus: () => form.more.focus() }).focus();
}

const unused = () =>
  form.command.options.filter((o) => !form.fields.some((f) => f.option.name === o.name));

/** After a pick: to the next required chip that is empty, else to the optional ones. */
function next() {
  const open = form.fields.find((f) => f.option.required && f.isEmpty());
  if (open) open.focus();
  else if (form.more.hidden)
    (form.fields.at(-1) ?? { focus: () => $("command").querySelector(".chips").focus() }).focus();
  else form.more.focus();
}

function moved() {
  hidePopup();
  next();
}

function context(asking) {
  const values = {};
  for (const f of form.fields)
    if (f !== asking && !f.isEmpty() && f.value && f.isFit()) values[f.option.name] = f.value();
  return values;
}

// --- the optional options

function moreInput() {
  const input = el("input", {
    class: "more-input",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-label": "Add an optional option, or press Enter to send",
  });
  input.addEventListener("focus", () => offer(input));
  input.addEventListener("input", () => offer(input));
  return input;
}

function drawMore() {
  const count = unused().length;
  // A command without options still needs a place for the keyboard to be.
  form.more.hidden = count === 0 && form.fields.length > 0;
  form.more.placeholder = count ? `+${count} optional` : "Press Enter to send";
  form.more.value = "";
}

function offer(input) {
  const typed = input.value.trim().replace(/:$/, "").toLowerCase();
  const items = unused()
    .filter((o) => o.name.toLowerCase().startsWith(typed))
    .map((o) => ({ label: o.name, detail: o.description, option: o }));
  const exact =
    input.value.trim().endsWith(":") && items.find((item) => item.option.name === typed);
  const pick = (item) => add(item.option).focus();
  if (exact) return pick(exact);
  showPopup(input, {
    heading: unused().length ? "Optional" : `/${form.command.title}`,
    text: unused().length ? "Enter sends the command" : form.command.description,
    items,
    highlight: typed ? 0 : -1,
    pick,
  });
}

// --- keys

function key(event) {
  if (!form || event.isComposing) return;
  if (popupKey(event)) return;
  const field = form.fields.find((f) => f.input === event.target);
  if (event.key === "Enter" && !(event.shiftKey && event.target.tagName === "TEXTAREA")) {
    // Enter on an empty file chip opens the file chooser.
    if (field?.file && field.isEmpty() && event.target.tagName === "BUTTON") return;
    event.preventDefault();
    submitCommand();
  } else if (event.key === "Escape") {
    event.preventDefault();
    closeCommand();
  } else if (event.key === "Backspace" && (event.target.value === "" || field?.file)) {
    event.preventDefault();
    backspace(field);
  } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    sideways(event);
  }
}

function backspace(field) {
  if (!field) (form.fields.at(-1) ?? { focus: closeCommand }).focus();
  else if (field.file && !field.isEmpty()) field.clear();
  else if (!field.option.required) drop(field);
  else if (form.fields.every((f) => f.isEmpty())) closeCommand();
  else form.fields[Math.max(0, form.fields.indexOf(field) - 1)].focus();
}

function sideways(event) {
  const { target } = event;
  const stops = [...form.fields.map((f) => f.input), form.more].filter((node) => !node.hidden);
  const back = event.key === "ArrowLeft";
  const caret = target.selectionStart ?? 0;
  if (target.value && (back ? caret > 0 : caret < target.value.length)) return;
  const other = stops[stops.indexOf(target) + (back ? -1 : 1)];
  if (!other) return;
  event.preventDefault();
  other.focus();
}

// --- files and sending

/** Give a dropped, pasted or chosen file to the command; false when it takes none. */
export function giveFile(file) {
  const taker = form.fields.find((f) => f.file && f.isEmpty());
  const option = taker ? null : unused().find((o) => o.type === OPTION.ATTACHMENT);
  if (!taker && !option) return false;
  const field = taker ?? add(option);
  field.give(file);
  field.focus();
  return true;
}

export function submitCommand() {
  const bad = form.fields.filter((f) => !f.check());
  if (bad.length) {
    // Focusing shows the reason over its list; when it has the focus already, it must leave first.
    bad[0].input.blur();
    bad[0].focus();
    return;
  }
  const { command } = form;
  const options = {};
  const files = {};
  for (const f of form.fields) {
    if (f.isEmpty()) continue;
    if (f.file) files[f.option.name] = [f.file()];
    else options[f.option.name] = f.value();
  }
  closeCommand();
  runCommand(`/${command.title}`, () => api.slash(command.name, command.path, options, files));
}
