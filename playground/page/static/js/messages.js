// The channel's messages: kept in order, re-drawn one at a time, scrolled as a person expects.

import { commandByTitle } from "./commands.js";
import { $, avatar, el } from "./dom.js";
import { icon } from "./icons.js";
import { NO_ANSWER, dismiss, pending } from "./interactions.js";
import { appTag, dots, privateLine, renderMessage, sentAt } from "./message.js";
import {
  channel,
  displayName,
  emit,
  isEphemeral,
  isForum,
  messages,
  store,
  subscribe,
} from "./store.js";
import { dayName } from "./time.js";

const GROUP_S = 7 * 60;
const NEAR_BOTTOM_PX = 80;
const LOCAL = "Everything here runs on this computer: no account, no key, no token is spent.";

let stuck = true; // at the bottom: stay there as messages come and pictures load
const drawn = new Map(); // message id -> {message, compact, node}

export function startMessages() {
  const scroller = $("scroller");
  scroller.addEventListener("scroll", () => {
    stuck = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM_PX;
    $("jump").hidden = stuck;
  });
  new ResizeObserver(() => stuck && toBottom()).observe($("messages"));
  new ResizeObserver(() => stuck && toBottom()).observe(scroller);
  $("jump").append(icon("chevron", 14));
  $("jump").addEventListener("click", () => toBottom());
  $("messages").addEventListener("keydown", walk);
  $("messages").addEventListener("focusin", (event) => offerTools(event.target));
  subscribe("state", () => {
    drawn.clear();
    draw();
  });
  subscribe("place", () => {
    drawn.clear();
    draw();
    toBottom();
  });
  subscribe("message delete pending", draw);
  subscribe(
    "message",
    ({ message, isNew }) => isNew && isOwn(message) && toBottom(),
  );
  subscribe("sent", toBottom);
  subscribe("failure", (id) => {
    drawn.delete(id);
    draw();
  });
  subscribe("jump", jumpTo);
}

/** What one wrote, or the answer to what one pressed: it must not come out of sight. */
const isOwn = (message) =>
  message.author.id === store.viewer || message.interaction_metadata?.user.id === store.viewer;

function toBottom() {
  const scroller = $("scroller");
  stuck = true;
  scroller.scrollTop = scroller.scrollHeight;
  $("jump").hidden = true;
}

function draw() {
  if (!store.state) return;
  const focus = rememberFocus();
  const nodes = [welcome()];
  const seen = new Set();
  const waiting = pending.filter(
    (row) => row.channelId === store.channelId && row.viewer === store.viewer,
  );
  let before = null;
  for (const message of messages()) {
    if (store.dismissed.has(message.id)) continue;
    if (
      !before ||
      new Date(before.timestamp).toDateString() !== new Date(message.timestamp).toDateString()
    ) {
      nodes.push(
        el(
          "div",
          { class: "day", role: "separator" },
          el("span", { text: dayName(sentAt(message)) }),
        ),
      );
      before = null;
    }
    nodes.push(nodeOf(message, groups(before, message)));
    seen.add(message.id);
    before = message;
    const sent = waiting.filter((row) => row.after === message.id);
    if (sent.length) before = null;
    nodes.push(...sent.map(pendingRow));
  }
  nodes.push(...waiting.filter((row) => !seen.has(row.after)).map(pendingRow));
  for (const id of drawn.keys()) if (!seen.has(id)) drawn.delete(id);
  reconcile($("messages"), nodes);
  roving();
  focus();
  if (stuck) toBottom();
}

function nodeOf(message, compact) {
  const kept = drawn.get(message.id);
  if (kept && kept.message === message && kept.compact === compact) return kept.node;
  const node = renderMessage(message, compact);
  if (!kept && store.fresh === message.id) node.classList.add("fresh");
  drawn.set(message.id, { message, compact, node });
  return node;
}

function groups(before, message) {
  if (
    !before ||
    before.author.id !== message.author.id ||
    isEphemeral(before) !== isEphemeral(message)
  )
    return false;
  if (message.interaction_metadata || message.interaction || message.message_reference)
    return false;
  return sentAt(message) - sentAt(before) < GROUP_S;
}

/** Put `nodes` into `parent` in order, leaving those in place that are there already. */
function reconcile(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
}

function pendingRow(row) {
  const bot = store.state.bot;
  const dismissRow = () => dismiss(row);
  return el(
    "article",
    { class: `message ${row.error ? "private" : "sending"}` },
    el(
      "div",
      { class: "context-line" },
      el("i", { class: "spine" }),
      avatar(store.state.users[row.viewer], "tiny"),
      el("b", { text: displayName(row.viewer) }),
      "used",
      el("span", { class: "mention", text: row.label }),
    ),
    el(
      "div",
      { class: "message-grid" },
      avatar(bot),
      el(
        "div",
        { class: "message-body" },
        el(
          "div",
          { class: "message-head" },
          el("span", { class: "author", text: bot.name }),
          appTag(),
        ),
        row.error
          ? el("p", { class: "failure" }, icon("alert", 16), row.error)
          : el("div", { class: "content thinking" }, dots(), "Sending command…"),
        row.error === NO_ANSWER && !bot.connected
          ? el("p", { class: "hint", text: "The bot is offline right now." })
          : null,
        row.error ? privateLine(dismissRow) : null,
      ),
    ),
  );
}

function welcome() {
  const here = channel();
  if (!here) return el("div");
  const dm = store.guildId === null;
  const kind = here.thread ? "thread" : isForum(here) ? "forum" : "channel";
  const suggestions = isForum(here)
    ? []
    : ["video", "help"].filter((title) => commandByTitle(title));
  return el(
    "header",
    { class: "welcome" },
    el("div", { class: "welcome-icon" }, icon(dm ? "at" : here.thread ? "thread" : "hash", 38)),
    el("h3", { text: dm ? here.name : `Welcome to ${here.thread ? here.name : `#${here.name}`}!` }),
    el("p", {
      text: dm
        ? `This is your direct conversation with ${here.name}.`
        : `This is the start of the ${kind}. ${LOCAL}`,
    }),
    suggestions.length
      ? el(
          "div",
          { class: "suggestions" },
          "Try",
          suggestions.map((name) =>
            el(
              "button",
              { type: "button", class: "suggestion", on: { click: () => emit("command", name) } },
              `/${name}`,
            ),
          ),
        )
      : null,
  );
}

// --- keyboard: the list is one tab stop, arrows walk it, Tab reaches the message's own controls

function roving() {
  const rows = [...$("messages").querySelectorAll("article[data-id]")];
  if (!rows.some((row) => row.tabIndex === 0)) rows.at(-1)?.setAttribute("tabindex", "0");
}

function offerTools(target) {
  const row = target.closest("article[data-id]");
  for (const other of $("messages").querySelectorAll("article[data-id]")) {
    if (target === other)
      for (const r of $("messages").querySelectorAll('article[tabindex="0"]')) r.tabIndex = -1;
    for (const tool of other.querySelectorAll(":scope > .toolbar button"))
      tool.tabIndex = other === row ? 0 : -1;
  }
  if (target === row) row.tabIndex = 0;
}

function walk(event) {
  if (event.target.tagName !== "ARTICLE") return;
  const rows = [...$("messages").querySelectorAll("article[data-id]")];
  const at = rows.indexOf(event.target);
  const next = { ArrowUp: rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows.at(-1) }[
    event.key
  ];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Re-drawing a message must not take the focus away from its button. */
function rememberFocus() {
  const active = document.activeElement;
  const row = active?.closest?.("article[data-id]");
  if (!row) return () => {};
  const { id } = row.dataset;
  const key = active.dataset.key;
  return () => {
    if (active.isConnected) return;
    const again = $("messages").querySelector(`article[data-id="${CSS.escape(id)}"]`);
    const control = key && again?.querySelector(`[data-key="${CSS.escape(key)}"]`);
    (control && !control.disabled ? control : again)?.focus({ preventScroll: true });
  };
}

function jumpTo(id) {
  const row = $("messages").querySelector(`article[data-id="${CSS.escape(id)}"]`);
  if (!row) return;
  stuck = false;
  row.scrollIntoView({ block: "center", behavior: "smooth" });
  row.classList.remove("flash");
  requestAnimationFrame(() => row.classList.add("flash"));
}
