// Starting an interaction and showing what became of it: a modal, a message, or nothing.

import { announce } from "./dom.js";
import { emit, messages, store } from "./store.js";

export const NO_ANSWER = "The application did not respond";
const FAILED = "This interaction failed";

const failures = new Map(); // message id -> sentence under its buttons
let modalOpener = () => {};

// Commands on their way: {after (message id), channelId, viewer, label, error}.
export const pending = [];
export const failureOf = (messageId) => failures.get(messageId) ?? null;

/** The modal module registers itself here, so that the two need not import each other. */
export const onModal = (opener) => (modalOpener = opener);

/** Send a command; its row shows at the end of the channel until the answer or failure is there. */
export async function runCommand(label, start) {
  const row = {
    after: messages().at(-1)?.id ?? null,
    channelId: store.channelId,
    viewer: store.viewer,
    label,
    error: null,
  };
  pending.push(row);
  emit("pending");
  emit("sent");
  try {
    const answer = await start();
    if (answer.result === "failed") row.error = answer.error || NO_ANSWER;
    else if (answer.modal) modalOpener(answer.modal, answer.interaction);
  } catch (error) {
    row.error = error.message;
  }
  if (row.error) announce(row.error);
  else dismiss(row);
  emit("pending");
}

export function dismiss(row) {
  const at = pending.indexOf(row);
  if (at >= 0) pending.splice(at, 1);
  emit("pending");
}

/** Press or choose on a message. Resolves when the bot has answered, or failed to. */
export async function runComponent(messageId, start) {
  if (failures.delete(messageId)) emit("failure", messageId);
  try {
    const answer = await start();
    if (answer.result === "failed") throw new Error(answer.error || FAILED);
    if (answer.modal) modalOpener(answer.modal, answer.interaction);
  } catch (error) {
    failures.set(messageId, error.message);
    announce(error.message);
    emit("failure", messageId);
  }
}
