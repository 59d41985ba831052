// The live connection: one WebSocket that says what changed for the acting member.

import { announce } from "./dom.js";
import { getState } from "./api.js";
import { syncClock } from "./time.js";
import { store, emit, putMessage, dropMessage } from "./store.js";

const RETRY_MS = 1000;
let socket = null;
let retry = null;
let turn = 0; // the latest wish to follow somebody; an answer to an older one is dropped

/** Load everything as `member` sees it and follow it from there. */
export async function follow(member) {
  stop();
  const mine = ++turn;
  let state = null;
  try {
    state = await getState(member);
  } catch {
    // No answer: tried again below.
  }
  if (mine !== turn) return;
  if (!state) return again(member);
  store.state = state;
  store.viewer = state.viewer;
  store.offline = false;
  syncClock(state.clock);
  emit("state");
  listen(state);
}

function stop() {
  clearTimeout(retry);
  if (!socket) return;
  const old = socket;
  socket = null;
  old.onclose = old.onmessage = null;
  // To close one that is still being opened is an error in the console.
  if (old.readyState === WebSocket.CONNECTING) old.onopen = () => old.close();
  else old.close();
}

function again(member) {
  store.offline = true;
  emit("clock");
  retry = setTimeout(() => follow(member), RETRY_MS);
}

function listen(state) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const query = new URLSearchParams({ member: state.viewer, since: state.seq });
  socket = new WebSocket(`${scheme}//${location.host}/play/feed?${query}`);
  socket.onmessage = (event) => apply(JSON.parse(event.data));
  socket.onclose = () => again(state.viewer);
}

const HANDLERS = {
  message({ message }) {
    const isNew = putMessage(message);
    emit("message", { message, isNew });
  },
  delete({ channel_id, id }) {
    dropMessage(channel_id, id);
    emit("delete", { channelId: channel_id, id });
  },
  typing({ channel_id, user_id }) {
    emit("typing", { channelId: channel_id, userId: user_id });
  },
  box({ box }) {
    store.state.box = box;
    emit("box");
  },
  clock({ clock }) {
    syncClock(clock);
    store.state.clock = clock;
    emit("clock");
  },
  bot({ connected }) {
    if (store.state.bot.connected !== connected)
      announce(connected ? "The bot is online" : "The bot is offline");
    store.state.bot.connected = connected;
    emit("clock");
  },
  // Servers, channels, members or commands changed: seldom, so the snapshot is simply read again.
  world() {
    follow(store.viewer);
  },
};

function apply(event) {
  HANDLERS[event.type]?.(event);
}
