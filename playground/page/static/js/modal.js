// A form the bot opens: text inputs, selects, file uploads, radio groups and check boxes.

import * as api from "./api.js";
import { avatar, el } from "./dom.js";
import { icon } from "./icons.js";
import { onModal } from "./interactions.js";
import { inlineMarkdown, markdown } from "./markdown.js";
import { isSelect, select } from "./select.js";
import { store } from "./store.js";

const TYPE = {
  ROW: 1,
  TEXT_INPUT: 4,
  TEXT: 10,
  LABEL: 18,
  FILE_UPLOAD: 19,
  RADIO: 21,
  CHECKS: 22,
  CHECK: 23,
};
const PARAGRAPH = 2;
const TRY_AGAIN = "Something went wrong. Try again.";

let unique = 0;

export function startModals() {
  onModal(openModal);
}

function openModal(data, interaction) {
  const parts = data.components.map(part);
  const inputs = parts.map((p) => p.input).filter(Boolean);
  const fault = el("p", { class: "failure", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "btn primary" }, "Submit");
  const form = el(
    "form",
    { class: "modal-form", novalidate: true },
    el(
      "header",
      {},
      avatar(store.state.bot, "small"),
      el("h2", { text: data.title }),
      el(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close",
          on: { click: () => dialog.close() },
        },
        icon("close"),
      ),
    ),
    el(
      "div",
      { class: "modal-body" },
      parts.map((p) => p.node),
      fault,
    ),
    el(
      "footer",
      {},
      el(
        "button",
        { type: "button", class: "btn plain", on: { click: () => dialog.close() } },
        "Cancel",
      ),
      submit,
    ),
  );
  const dialog = el("dialog", { class: "modal", "aria-label": data.title }, form);
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const bad = inputs.filter((input) => !input.check());
    if (bad.length) return bad[0].focus();
    submit.disabled = true;
    fault.hidden = true;
    const sent = await sendModal(interaction, inputs);
    submit.disabled = false;
    if (!sent) return dialog.close();
    fault.replaceChildren(icon("alert", 16), sent);
    fault.hidden = false;
    return undefined;
  });
  document.body.append(dialog);
  dialog.showModal();
  inputs[0]?.focus();
}

/** Null when the bot answered, else the sentence to show. */
async function sendModal(interaction, inputs) {
  const values = {};
  const files = {};
  for (const input of inputs) {
    if (input.files) files[input.id] = input.files();
    else values[input.id] = input.value();
  }
  try {
    const answer = await api.submitModal(interaction, values, files);
    return answer.result === "failed" ? answer.error || TRY_AGAIN : null;
  } catch (error) {
    return error.message;
  }
}

/** One top-level part: its node, and its input when it has one. */
function part(data) {
  if (data.type === TYPE.TEXT)
    return { node: el("div", { class: "content" }, markdown(data.content)) };
  if (data.type === TYPE.ROW) return labelled(data.components[0], data.components[0].label, null);
  if (data.type === TYPE.LABEL) return labelled(data.component, data.label, data.description);
  return { node: el("p", { text: "This part of the form cannot be shown." }) };
}

function labelled(component, label, description) {
  const id = `modal-${++unique}`;
  const required = needs(component);
  const made = inputOf(component, id, required);
  const problem = el("p", { class: "modal-problem", id: `${id}-problem`, hidden: true });
  const input = {
    ...made,
    id: component.custom_id,
    check() {
      const text = made.fault(required);
      problem.hidden = !text;
      problem.textContent = text ?? "";
      made.control?.setAttribute("aria-invalid", String(Boolean(text)));
      return !text;
    },
  };
  made.control?.setAttribute("aria-describedby", `${id}-problem`);
  const heading = [
    inlineMarkdown(label ?? ""),
    required ? el("span", { class: "required", "aria-hidden": "true" }, " *") : null,
  ];
  const node = el(
    "div",
    { class: "modal-part" },
    made.group
      ? el("span", { class: "modal-label", id: `${id}-label` }, heading)
      : el("label", { class: "modal-label", for: id }, heading),
    description ? el("p", { class: "modal-description", text: description }) : null,
    made.node,
    problem,
  );
  const settled = () => {
    problem.hidden = true;
    made.control?.removeAttribute("aria-invalid");
  };
  node.addEventListener("input", settled);
  node.addEventListener("change", settled);
  if (made.group) made.group.setAttribute("aria-labelledby", `${id}-label`);
  return { node, input };
}

/** Text and selects are required unless they say otherwise, newer parts only when they say so. */
function needs(component) {
  if (component.type === TYPE.CHECK) return false;
  return component.type === TYPE.TEXT_INPUT || isSelect(component)
    ? component.required !== false
    : Boolean(component.required);
}

const NEEDED = "This field is required.";

function inputOf(component, id, required) {
  if (component.type === TYPE.TEXT_INPUT) return textInput(component, id, required);
  if (component.type === TYPE.FILE_UPLOAD) return fileUpload(component, id);
  if (component.type === TYPE.CHECK) return check(component, id);
  if (component.type === TYPE.RADIO || component.type === TYPE.CHECKS)
    return options(component, id);
  const box = select(component, () => {});
  const least = component.min_values ?? 1;
  return {
    node: box,
    group: box.querySelector("button"),
    focus: () => box.querySelector("button").focus(),
    value: () => box.values(),
    fault: (must) => (must && box.values().length < Math.max(1, least) ? NEEDED : null),
  };
}

function textInput(component, id, required) {
  const long = component.style === PARAGRAPH;
  const control = el(long ? "textarea" : "input", {
    id,
    class: "modal-input",
    type: long ? null : "text",
    rows: long ? "4" : null,
    placeholder: component.placeholder,
    maxlength: component.max_length ?? 4000,
    "aria-required": String(required),
    autocomplete: "off",
  });
  control.value = component.value ?? "";
  const count = el("span", { class: "modal-count", "aria-hidden": "true" });
  const draw = () =>
    (count.textContent = component.max_length
      ? `${control.value.length}/${component.max_length}`
      : "");
  control.addEventListener("input", draw);
  draw();
  return {
    node: el("div", { class: "modal-text" }, control, long ? count : null),
    control,
    focus: () => control.focus(),
    value: () => control.value,
    fault(must) {
      if (!control.value) return must ? NEEDED : null;
      return component.min_length && control.value.length < component.min_length
        ? `Must be ${component.min_length} or more in length.`
        : null;
    },
  };
}

function fileUpload(component, id) {
  const control = el("input", {
    id,
    class: "modal-file",
    type: "file",
    multiple: (component.max_values ?? 1) > 1,
  });
  const least = component.min_values ?? 1;
  const most = component.max_values ?? 1;
  return {
    node: control,
    control,
    focus: () => control.focus(),
    files: () => [...control.files],
    fault(must) {
      if (must && control.files.length < Math.max(1, least)) return "Choose a file.";
      return control.files.length > most ? `At most ${most} files.` : null;
    },
  };
}

function check(component, id) {
  const control = el("input", { id, type: "checkbox", class: "modal-check" });
  control.checked = Boolean(component.default);
  return {
    node: control,
    control,
    focus: () => control.focus(),
    value: () => control.checked,
    fault: () => null,
  };
}

function options(component, id) {
  const radio = component.type === TYPE.RADIO;
  const rows = component.options.map((option, i) => {
    const input = el("input", {
      type: radio ? "radio" : "checkbox",
      name: id,
      id: `${id}-${i}`,
      value: option.value,
    });
    input.checked = Boolean(option.default);
    return {
      input,
      node: el(
        "label",
        { class: "modal-option", for: `${id}-${i}` },
        input,
        el(
          "span",
          {},
          option.label,
          option.description ? el("small", { text: option.description }) : null,
        ),
      ),
    };
  });
  const chosen = () => rows.filter((r) => r.input.checked).map((r) => r.input.value);
  const group = el(
    "div",
    { role: radio ? "radiogroup" : "group" },
    rows.map((r) => r.node),
  );
  return {
    node: group,
    group,
    focus: () => rows[0]?.input.focus(),
    value: () => (radio ? (chosen()[0] ?? null) : chosen()),
    fault(must) {
      if (must && !chosen().length) return NEEDED;
      return component.max_values && chosen().length > component.max_values
        ? `Choose at most ${component.max_values}.`
        : null;
    },
  };
}
