// The menu of a message: right-click, "…", or the keyboard's menu key. Apps holds the registered
// message commands.

import * as api from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { runCommand } from "./interactions.js";
import { commandsOf } from "./commands.js";
import { removeMessage } from "./message.js";
import { emit, isEphemeral, mayManageMessages, store } from "./store.js";
import { toast } from "./toast.js";

const MESSAGE_COMMAND = 3;
let current = null;

function closeMenu() {
  current?.close();
}

export function openMenu(message, opener, { x, y, fromRight = false }) {
  closeMenu();
  const menu = el("div", {
    class: "menu",
    role: "menu",
    "aria-label": "Message actions",
    tabindex: "-1",
  });
  menu.append(...items(message, menu));
  const shade = el("div", {
    class: "menu-shade",
    on: { pointerdown: closeMenu, contextmenu: (event) => event.preventDefault() },
  });
  document.body.append(shade, menu);
  place(menu, x, y, fromRight);
  opener.closest(".message")?.classList.add("held");
  current = {
    close() {
      current = null;
      opener.closest(".message")?.classList.remove("held");
      shade.remove();
      menu.remove();
      (opener.isConnected ? opener : document.getElementById("box"))?.focus({
        preventScroll: true,
      });
    },
  };
  menu.addEventListener("keydown", (event) => move(event, menu));
  menu.querySelector("[role=menuitem]").focus();
}

function items(message, menu) {
  const out = [];
  const own = message.author.id === store.viewer;
  const hidden = isEphemeral(message);
  if (!hidden)
    out.push(
      item("reply", "Reply", () => emit("reply", message)),
      apps(message, menu),
    );
  out.push(el("hr", { role: "separator" }));
  if (message.content) out.push(item("copy", "Copy text", () => copy(message.content)));
  out.push(item("copy", "Copy message ID", () => copy(message.id)));
  if (hidden || own || mayManageMessages()) {
    out.push(
      el("hr", { role: "separator" }),
      item("trash", hidden ? "Dismiss message" : "Delete message", () => remove(message), "danger"),
    );
  }
  return out;
}

function item(iconName, label, action, kind = "") {
  return el(
    "button",
    {
      type: "button",
      class: `menu-item ${kind}`,
      role: "menuitem",
      tabindex: "-1",
      on: {
        click: () => {
          closeMenu();
          action();
        },
      },
    },
    el("span", { text: label }),
    icon(iconName, 18),
  );
}

/** "Apps ›": opens beside on a wide screen, underneath on a narrow one. */
function apps(message, menu) {
  const commands = commandsOf(MESSAGE_COMMAND);
  const sub = el(
    "div",
    { class: "menu sub", role: "menu", "aria-label": "Apps", hidden: true },
    commands.map((command) => item("bolt", command.name, () => use(command, message))),
    commands.length
      ? null
      : el("p", { class: "menu-none", text: "No app offers a message command here." }),
  );
  const head = el(
    "button",
    {
      type: "button",
      class: "menu-item",
      role: "menuitem",
      tabindex: "-1",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    },
    el("span", { text: "Apps" }),
    icon("chevron", 18),
  );
  const box = el("div", { class: "menu-apps", role: "none" }, head, sub);
  const show = (open, focus) => {
    sub.hidden = !open;
    head.setAttribute("aria-expanded", String(open));
    if (!open) return;
    sub.classList.remove("left");
    const edge = sub.getBoundingClientRect();
    sub.classList.toggle("left", edge.right > innerWidth - 8);
    const below = sub.getBoundingClientRect().bottom - innerHeight + 8;
    sub.style.setProperty("--lift", `${Math.max(0, below)}px`);
    if (focus) sub.querySelector("[role=menuitem]")?.focus();
  };
  head.addEventListener("click", (event) =>
    show(sub.hidden || event.detail > 0, event.detail === 0),
  );
  box.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(true));
  menu.addEventListener("pointerover", (event) => {
    const over = event.pointerType === "mouse" && event.target.closest(".menu-item");
    if (!over) return;
    // The mark follows the mouse, so that keys go on from there and only one entry is marked.
    over.focus({ preventScroll: true });
    if (!box.contains(over)) show(false);
  });
  head.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight") return;
    event.preventDefault();
    show(true, true);
  });
  sub.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft") return;
    event.preventDefault();
    event.stopPropagation();
    show(false);
    head.focus();
  });
  return box;
}

function use(command, message) {
  runCommand(command.name, () => api.appCommand(command.name, message.id));
}

function move(event, menu) {
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    return closeMenu();
  }
  const list = event.target.closest(".sub") ?? menu;
  const all = [...list.querySelectorAll("[role=menuitem]")].filter(
    (node) => node.closest("[role=menu]") === list,
  );
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return undefined;
  event.preventDefault();
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  return undefined;
}

function place(menu, x, y, fromRight) {
  const { width, height } = menu.getBoundingClientRect();
  const left = fromRight ? x - width : x;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast({ title: "Copied" });
  } catch {
    toast({ title: "The browser did not allow copying" });
  }
}

async function remove(message) {
  try {
    await removeMessage(message);
  } catch (error) {
    toast({ title: "Not deleted", text: error.message });
  }
}
