// One message as it stands in the channel.

import * as api from "./api.js";
import { attachments } from "./attachments.js";
import { components } from "./components.js";
import { avatar, el } from "./dom.js";
import { embed } from "./embeds.js";
import { icon } from "./icons.js";
import { failureOf } from "./interactions.js";
import { markdown, plainText } from "./markdown.js";
import { openMenu } from "./menu.js";
import {
  FLAG,
  authorName,
  authorOf,
  displayName,
  emit,
  isEphemeral,
  member,
  mentions,
  role,
  store,
  user,
} from "./store.js";
import { clockTime, full, messageTime } from "./time.js";

const CONTEXT_COMMAND = 23;
const LONG_PRESS_MS = 500;
const TREMBLE_PX = 10;

export const sentAt = (message) => Date.parse(message.timestamp) / 1000;

export function renderMessage(message, compact) {
  const isPrivate = isEphemeral(message);
  const at = sentAt(message);
  const kinds = [
    "message",
    compact && "compact",
    isPrivate && "private",
    mentions(message, store.viewer) && "mentioned",
  ];
  const failure = failureOf(message.id);
  const node = el(
    "article",
    {
      class: kinds.filter(Boolean).join(" "),
      tabindex: "-1",
      data: { id: message.id },
      "aria-label": `${authorName(message)}, ${messageTime(at)}`,
    },
    contextLine(message),
    el(
      "div",
      { class: "message-grid" },
      compact
        ? el("time", { class: "side-time", title: full(at), text: clockTime(at) })
        : avatar(authorOf(message)),
      el(
        "div",
        { class: "message-body" },
        compact ? null : head(message, at),
        body(message),
        message.attachments?.length && !(message.flags & FLAG.COMPONENTS_V2)
          ? attachments(message.attachments)
          : null,
        message.sticker_items?.map(sticker),
        message.embeds?.map((data) => embed(data)),
        components(message),
        failure ? el("p", { class: "failure" }, icon("alert", 16), failure) : null,
        isPrivate ? privateLine(() => putAway(message)) : null,
      ),
    ),
    toolbar(message),
  );
  offerMenu(node, message);
  return node;
}

const STICKER_FILES = { 1: "png", 2: "png", 4: "gif" };

/** A sticker; one made of vectors (Lottie) is told by its name. */
function sticker({ id, name, format_type: format }) {
  const suffix = STICKER_FILES[format];
  return suffix
    ? el("img", { class: "sticker", src: `/stickers/${id}.${suffix}`, alt: `Sticker: ${name}` })
    : el("div", { class: "sticker-name", text: `Sticker: ${name}` });
}

/** The menu by right-click, by the keyboard's menu key, and by a long press on glass. */
function offerMenu(node, message) {
  let timer = null;
  let pressed = false;
  const stop = () => clearTimeout(timer);
  const open = (event) => {
    stop();
    openMenu(message, node, { x: event.clientX, y: event.clientY });
  };
  node.addEventListener("contextmenu", (event) => {
    if (
      event.target.closest("a, input, textarea") ||
      (event.pointerType === "mouse" && getSelection().toString())
    )
      return;
    event.preventDefault();
    open(event);
  });
  node.addEventListener("pointerdown", (event) => {
    // A picture is a button that shows it large; held down, it stands for its message.
    const other = event.target.closest("button:not(.picture, .veil, [class^=embed-]), a, input");
    if (event.pointerType === "touch" && !other) {
      timer = setTimeout(() => {
        pressed = true;
        open(event);
      }, LONG_PRESS_MS);
    }
  });
  // The finger that opened the menu must not press, as it lifts, what has come to lie under it.
  node.addEventListener("touchend", (event) => {
    if (pressed && event.cancelable) event.preventDefault();
    pressed = false;
  });
  for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, stop);
  let start = null;
  node.addEventListener("pointerdown", ({ clientX, clientY }) => (start = [clientX, clientY]));
  node.addEventListener("pointermove", ({ clientX, clientY }) => {
    // A resting finger trembles; one that scrolls goes further.
    if (start && Math.hypot(clientX - start[0], clientY - start[1]) > TREMBLE_PX) stop();
  });
}

/** "Only you can see this": under what only this member sees. */
export function privateLine(dismiss) {
  return el(
    "div",
    { class: "private-line" },
    icon("eye", 16),
    "Only you can see this • ",
    el("button", { type: "button", class: "link", on: { click: dismiss } }, "Dismiss message"),
  );
}

function putAway(message) {
  store.dismissed.add(message.id);
  emit("delete", { channelId: message.channel_id, id: message.id });
}

/** The author's name in the colour of their highest role that has one. */
function coloured(message) {
  const roles =
    member(message.author.id)
      ?.roles.map((id) => role(id))
      .filter((r) => r?.color) ?? [];
  const colour = roles.length ? `#${roles.at(-1).color.toString(16).padStart(6, "0")}` : null;
  return el("span", {
    class: "author",
    style: colour ? { color: colour } : {},
    text: authorName(message),
  });
}

export const appTag = () => el("span", { class: "tag" }, "APP");

function head(message, at) {
  return el(
    "div",
    { class: "message-head" },
    coloured(message),
    message.author.bot ? appTag() : null,
    el("time", {
      class: "when",
      datetime: message.timestamp,
      title: full(at),
      text: messageTime(at),
    }),
  );
}

function body(message) {
  if (message.flags & FLAG.LOADING) {
    return el("div", { class: "content thinking" }, dots(), `${authorName(message)} is thinking…`);
  }
  if (!message.content && !message.edited_timestamp) return null;
  const edited = message.edited_timestamp
    ? el("span", {
        class: "edited",
        title: full(Date.parse(message.edited_timestamp) / 1000),
        text: "(edited)",
      })
    : null;
  if (!message.content) return null;
  return el("div", { class: "content" }, markdown(message.content), edited && " ", edited);
}

export const dots = () =>
  el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));

/** The line above: which command was used, or which message is answered. */
function contextLine(message) {
  const meta = message.interaction_metadata ?? message.interaction;
  if (meta && meta.type === 2) {
    const name = message.interaction?.name ?? meta.name ?? "";
    const slash = message.type !== CONTEXT_COMMAND;
    return el(
      "div",
      { class: "context-line" },
      el("i", { class: "spine" }),
      avatar(user(meta.user.id), "tiny"),
      el("b", { text: displayName(meta.user.id) }),
      "used",
      el("span", { class: "mention" }, slash ? `/${name}` : name),
    );
  }
  if (!message.message_reference) return null;
  const target = message.referenced_message;
  if (!target)
    return el(
      "div",
      { class: "context-line" },
      el("i", { class: "spine" }),
      el("em", { text: "Original message was deleted" }),
    );
  const summary = plainText(target.content ?? "") || summaryOf(target);
  return el(
    "div",
    { class: "context-line" },
    el("i", { class: "spine" }),
    avatar(authorOf(target), "tiny"),
    target.author.bot ? appTag() : null,
    el(
      "button",
      {
        type: "button",
        class: "quoted",
        "aria-label": `Go to the message of ${authorName(target)}`,
        on: { click: () => emit("jump", target.id) },
      },
      el("b", { text: authorName(target) }),
      " ",
      el("span", { text: summary }),
    ),
  );
}

export function summaryOf(message) {
  if (message.flags & FLAG.LOADING) return "thinking…";
  const first = message.embeds?.[0];
  if (first) return first.title || plainText(first.description ?? "") || "Click to see the embed";
  return message.attachments?.length ? "Click to see the attachment" : "Click to see the message";
}

function toolbar(message) {
  const button = (name, label, click) =>
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        tabindex: "-1",
        "aria-label": label,
        title: label,
        on: { click },
      },
      icon(name, 18),
    );
  const more = button("more", "More", () => {
    const box = more.getBoundingClientRect();
    openMenu(message, more, { x: box.right, y: box.bottom, fromRight: true });
  });
  more.setAttribute("aria-haspopup", "menu");
  return el(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Message actions" },
    isEphemeral(message) ? null : button("reply", "Reply", () => emit("reply", message)),
    more,
  );
}

export async function removeMessage(message) {
  if (isEphemeral(message)) putAway(message);
  else await api.deleteMessage(message.id);
}
