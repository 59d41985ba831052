// The message box: plain messages with files, replies and mentions; "/" opens the command picker.

import * as api from "./api.js";
import { commandByTitle, findCommands, readCommandText } from "./commands.js";
import {
  closeCommand,
  giveFile,
  openCommand,
  openedCommand,
  startCommandForm,
  submitCommand,
} from "./commandform.js";
import { $, avatar, el } from "./dom.js";
import { icon } from "./icons.js";
import { hidePopup, popupKey, showPopup } from "./popup.js";
import {
  authorName,
  channel,
  displayName,
  emit,
  guild,
  isForum,
  maySend,
  store,
  subscribe,
  user,
} from "./store.js";
import { toast } from "./toast.js";
import { addFiles, countFiles, startUploads, takeFiles } from "./uploads.js";

let reply = null; // {id, ping, name}
const drafts = new Map(); // whom one acts as and the channel -> text
const NARROW = matchMedia("(max-width: 759px)");

export function startComposer() {
  const box = $("box");
  $("attach").append(icon("plus", 22));
  $("send").append(icon("send"));
  startUploads();
  startCommandForm();
  box.addEventListener("input", typed);
  box.addEventListener("click", typed);
  box.addEventListener("keydown", key);
  box.addEventListener("blur", () =>
    setTimeout(() => document.activeElement === box || openedCommand() || hidePopup()),
  );
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (openedCommand()) submitCommand();
    else sendText();
  });
  $("attach").addEventListener("click", () => $("attach-input").click());
  $("attach-input").addEventListener("change", () => {
    take([...$("attach-input").files]);
    $("attach-input").value = "";
  });
  takeDropsAndPastes();
  subscribe("reply", (message) =>
    setReply({
      id: message.id,
      ping: message.author.id !== store.viewer,
      name: authorName(message),
    }),
  );
  subscribe("command", (title) => {
    const command = commandByTitle(title);
    if (command) start(command);
    else toast({ title: `/${title} is not available here` });
  });
  subscribe("place", changePlace);
  subscribe("state", placeholder);
  NARROW.addEventListener("change", placeholder);
}

const here = () => `${store.viewer} ${store.channelId}`;

function changePlace() {
  if (openedCommand()) closeCommand();
  setReply(null);
  $("box").value = drafts.get(here()) ?? "";
  hidePopup();
  grow();
  placeholder();
}

function placeholder() {
  const here = channel();
  const may = here && maySend();
  const box = $("box");
  const name = here
    ? store.guildId === null
      ? `@${here.name}`
      : here.thread
        ? here.name
        : `#${here.name}`
    : "";
  box.disabled = !may;
  $("attach").disabled = $("send").disabled = !may;
  const invitation = NARROW.matches
    ? `Message ${name} or type /`
    : `Message ${name}, or type / for commands`;
  const refusal = isForum(here)
    ? "Messages go into the posts of this forum, listed under its name."
    : "You do not have permission to send messages here.";
  box.placeholder = may ? invitation : refusal;
  box.setAttribute("aria-label", `Message ${name}`);
}

function grow() {
  const box = $("box");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, innerHeight * 0.4)}px`;
  $("send").classList.toggle("ready", Boolean(box.value.trim() || countFiles() || openedCommand()));
}

// --- typing

function typed() {
  const box = $("box");
  drafts.set(here(), box.value);
  grow();
  const before = box.value.slice(0, box.selectionStart);
  const command = /^\/([\p{L}\p{N}_ -]*)$/u.exec(box.value);
  const at = /(?:^|\s)@([\p{L}\p{N}_]*)$/u.exec(before);
  if (command) return suggestCommands(command[1]);
  if (at && guild()) return suggestMentions(at[1]);
  return hidePopup();
}

function suggestCommands(text) {
  const found = findCommands(text);
  const bot = store.state.bot;
  const note = found.length
    ? null
    : store.state.bot.connected
      ? "No command matches."
      : "The bot is not connected yet: its commands appear when it is.";
  showPopup($("box"), {
    heading: found.length ? bot.name : "Commands",
    items: found.map((c) => ({
      label: `/${c.title}`,
      detail: c.description,
      command: c,
      left: avatar(bot, "small"),
      hint: c.options
        .filter((o) => o.required)
        .map((o) => o.name)
        .join(" "),
    })),
    note,
    pick: (item) => start(item.command),
  });
}

function suggestMentions(text) {
  const wanted = text.toLowerCase();
  const items = mentionable()
    .filter((m) => m.name.toLowerCase().startsWith(wanted))
    .map((m) => ({
      label: m.name,
      left: m.user ? avatar(m.user, "small") : null,
      hint: m.user?.bot ? "App" : m.user ? "" : "Role",
      name: m.name,
    }));
  if (!items.length) return hidePopup();
  return showPopup($("box"), {
    heading: "Members",
    items,
    pick: (item) => insertMention(item.name, text.length),
  });
}

function mentionable() {
  const here = guild();
  return [
    ...here.members.map((m) => ({ name: displayName(m.id), text: `<@${m.id}>`, user: user(m.id) })),
    ...here.roles
      .filter((r) => r.id !== here.id)
      .map((r) => ({ name: r.name, text: `<@&${r.id}>` })),
  ];
}

function insertMention(name, typedLength) {
  const box = $("box");
  const start = box.selectionStart - typedLength - 1;
  box.setRangeText(`@${name} `, start, box.selectionStart, "end");
  drafts.set(here(), box.value);
  hidePopup();
  grow();
  box.focus();
}

function start(command, values = {}) {
  $("box").value = "";
  drafts.delete(here());
  hidePopup();
  openCommand(command, values, () => {
    grow();
    $("box").focus();
  });
  grow();
}

function key(event) {
  if (popupKey(event) || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    sendText();
  } else if (event.key === "Escape" && reply) {
    setReply(null);
  }
}

// --- sending

/** "@Ben" becomes the mention it stands for; longer names first, so that "@Ben Two" is not Ben. */
function withMentions(text) {
  if (!guild()) return text;
  const names = mentionable().sort((a, b) => b.name.length - a.name.length);
  return names.reduce((out, { name, text: mention }) => out.replaceAll(`@${name}`, mention), text);
}

async function sendText() {
  const box = $("box");
  const text = box.value.trim();
  const command = readCommandText(text);
  if (command) return start(command.command, command.values);
  if (!text && !countFiles()) return undefined;
  const files = takeFiles();
  const answered = reply;
  box.value = "";
  drafts.delete(here());
  setReply(null);
  hidePopup();
  grow();
  try {
    await api.say(withMentions(text), files, answered);
  } catch (error) {
    toast({ title: "Your message could not be sent", text: error.message });
    if (!box.value) box.value = text;
    addFiles(files);
    grow();
  }
  return undefined;
}

function setReply(next) {
  reply = next;
  const bar = $("reply-bar");
  bar.hidden = !reply;
  if (!reply) return bar.replaceChildren();
  const ping = el(
    "button",
    {
      type: "button",
      class: "link",
      "aria-pressed": String(reply.ping),
      on: { click: () => setReply({ ...reply, ping: !reply.ping }) },
    },
    reply.ping ? "@ ON" : "@ OFF",
  );
  bar.replaceChildren(
    el("span", {}, "Replying to ", el("b", { text: reply.name })),
    ping,
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Do not reply",
        on: { click: () => setReply(null) },
      },
      icon("close", 16),
    ),
  );
  if (openedCommand()) closeCommand();
  return $("box").focus();
}

// --- files

function take(files) {
  if (!openedCommand()) addFiles(files);
  else if (files[0] && !giveFile(files[0]))
    toast({ title: `/${openedCommand().title} takes no file` });
  grow();
}

function takeDropsAndPastes() {
  const chat = document.querySelector(".chat");
  chat.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    chat.classList.add("dropping");
  });
  chat.addEventListener(
    "dragleave",
    (event) => chat.contains(event.relatedTarget) || chat.classList.remove("dropping"),
  );
  chat.addEventListener("drop", (event) => {
    chat.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (!$("box").disabled) take([...event.dataTransfer.files]);
  });
  $("composer").addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain").trim();
    const command = !openedCommand() && readCommandText(text);
    if (files.length) {
      event.preventDefault();
      take(files);
    } else if (command && Object.keys(command.values).length) {
      event.preventDefault();
      start(command.command, command.values);
    }
  });
  document.addEventListener("keydown", (event) => {
    // Typing anywhere goes to the box, as in Discord.
    const free =
      document.activeElement === document.body ||
      document.activeElement.matches("article.message, .scroller");
    if (
      free &&
      event.key.length === 1 &&
      !event.ctrlKey &&
      !event.metaKey &&
      !event.altKey &&
      event.key !== " "
    )
      $("box").focus();
  });
  subscribe("uploads", grow);
  emit("uploads");
}
