// The play API as functions. Each throws a PlayError with a sentence when the server refuses.

import { store } from "./store.js";

class PlayError extends Error {}

async function answerOf(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    throw new PlayError(`The playground answered ${response.status} without a reason.`);
  }
  if (!response.ok)
    throw new PlayError(body.error ?? `The playground answered ${response.status}.`);
  return body;
}

async function send(url, init) {
  try {
    return await fetch(url, init);
  } catch {
    throw new PlayError("The playground does not answer. Is it still running?");
  }
}

const here = () => ({ member: store.viewer, guild: store.guildId, channel: store.channelId });

export async function getState(member) {
  const query = member ? `?member=${encodeURIComponent(member)}` : "";
  return answerOf(await send(`/play/state${query}`, { cache: "no-store" }));
}

/** POST an action of the acting member in the open channel. `files`: {field: [File, ...]}. */
async function act(action, body, files = {}) {
  const form = new FormData();
  form.append("json", JSON.stringify({ ...here(), ...body }));
  for (const [field, list] of Object.entries(files)) {
    for (const file of list) form.append(`file:${field}`, file, file.name);
  }
  return answerOf(await send(`/play/${action}`, { method: "POST", body: form }));
}

export const say = (content, files, reply) =>
  act("say", { content, reply_to: reply?.id ?? null, ping: reply?.ping ?? true }, { "": files });
export const slash = (name, subcommand, options, files) =>
  act("slash", { name, subcommand, options }, files);
export const autocomplete = (name, subcommand, option, typed, options) =>
  act("autocomplete", { name, subcommand, option, typed, options });
export const appCommand = (name, message) => act("app-command", { name, message });
export const press = (message, customId) => act("press", { message, custom_id: customId });
export const choose = (message, customId, values) =>
  act("choose", { message, custom_id: customId, values });
export const submitModal = (interaction, values, files) =>
  act("modal", { interaction, values }, files);
export const deleteMessage = (message) => act("delete", { message });

export const setSpeed = (speed) => act("clock", { speed });
export const setSwitch = (name, on) => act("box/switch", { name, on });
export const setBalance = (tokens) => act("box/balance", { tokens });
export const finishNow = (id) => act("box/finish", { id });
