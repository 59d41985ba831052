// What reaches a person who is looking elsewhere: unread marks, pings, toasts, spoken news.

import { $, announce } from "./dom.js";
import { plainText } from "./markdown.js";
import { summaryOf } from "./message.js";
import {
  authorName,
  authorOf,
  displayName,
  emit,
  findChannel,
  mentions,
  store,
  subscribe,
} from "./store.js";
import { toast } from "./toast.js";

const TYPING_MS = 10_000;
const typing = new Map(); // user id -> {channelId, timer}

export function startNotices() {
  subscribe("message", ({ message, isNew }) => (isNew ? arrived(message) : announceEdit(message)));
  subscribe("typing", ({ channelId, userId }) => showTyping(userId, channelId));
  subscribe("place state", drawTyping);
}

const words = (message) => plainText(message.content ?? "") || summaryOf(message);

function arrived(message) {
  stopTyping(message.author.id);
  const here = message.channel_id === store.channelId;
  const own = message.author.id === store.viewer;
  if (here && !own) announce(`${authorName(message)}: ${words(message)}`);
  const pinged = mentions(message, store.viewer);
  if (!here && !own) count(message.channel_id, pinged);
  for (const person of store.state.people) {
    if (
      person.id === store.viewer ||
      message.author.id === person.id ||
      !mentions(message, person.id)
    )
      continue;
    store.pingsFor.set(person.id, (store.pingsFor.get(person.id) ?? 0) + 1);
  }
  emit("unread");
  if (pinged) notify(message);
}

/** The finished video arrives as an edit: say so to a screen reader, not at each small change. */
function announceEdit(message) {
  if (
    message.channel_id === store.channelId &&
    message.attachments?.some((a) => a.content_type?.startsWith("video/"))
  ) {
    announce(`${authorName(message)} edited: ${words(message)}, with a video`);
  }
}

function count(channelId, pinged) {
  const unread = store.unread.get(channelId) ?? { messages: 0, mentions: 0 };
  store.unread.set(channelId, {
    messages: unread.messages + 1,
    mentions: unread.mentions + (pinged ? 1 : 0),
  });
}

function notify(message) {
  const place = findChannel(message.channel_id);
  const where = place?.guild ? `#${place.channel.name}` : "a direct message";
  toast({
    title: `${authorName(message)} mentioned you in ${where}`,
    text: words(message).slice(0, 160),
    author: authorOf(message),
    action: () => emit("goto", { channelId: message.channel_id, messageId: message.id }),
  });
}

function showTyping(userId, channelId) {
  stopTyping(userId);
  typing.set(userId, { channelId, timer: setTimeout(() => stopTyping(userId), TYPING_MS) });
  drawTyping();
}

function stopTyping(userId) {
  clearTimeout(typing.get(userId)?.timer);
  if (typing.delete(userId)) drawTyping();
}

function drawTyping() {
  const who = [...typing]
    .filter(([id, t]) => t.channelId === store.channelId && id !== store.viewer)
    .map(([id]) => displayName(id));
  $("typing").textContent = who.length
    ? `${who.join(", ")} ${who.length > 1 ? "are" : "is"} typing…`
    : "";
}
