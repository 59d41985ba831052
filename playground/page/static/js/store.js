// What the page knows: the last snapshot of the server, kept current by the feed, and where the
// person stands (whom they act as, which channel). Parts subscribe to topics:
//   state    everything may have changed        place    another server, channel or member
//   message  one message came or changed        delete   one message is gone
//   box      the NeuralBox side                 clock    speed or connection
//   pending  commands on their way              sent     the person sent something
//   failure  an interaction on a message failed
// and wishes go the same way: goto {channelId, messageId}, jump (message id), reply (message),
// command (its title).

const listeners = new Map();

export const store = {
  state: null,
  viewer: null,
  guildId: null, // null: direct messages
  channelId: null,
  unread: new Map(), // channel id -> {messages, mentions}
  pingsFor: new Map(), // user id -> pings seen while acting as somebody else
  dismissed: new Set(), // ephemeral messages put away
};

export function subscribe(topics, listener) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(listener);
  }
}

export function emit(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail, topic);
}

export const guild = () => store.state?.guilds.find((g) => g.id === store.guildId) ?? null;
export const user = (id) => store.state?.users[id] ?? null;

/** Whoever wrote a message: the account as the page knows it, or what the message says of it. */
export const authorOf = ({ author }) =>
  user(author.id) ?? {
    id: author.id,
    name: author.global_name || author.username,
    bot: Boolean(author.bot),
  };

export const places = () => (store.guildId === null ? store.state?.dms : guild()?.channels) ?? [];
export const channel = () => places().find((c) => c.id === store.channelId) ?? null;
export const role = (id) => guild()?.roles.find((r) => r.id === id) ?? null;
export const member = (id) => guild()?.members.find((m) => m.id === id) ?? null;

/** The name as this server knows it. */
export const displayName = (id) => member(id)?.nick || user(id)?.name || "unknown member";
export const authorName = (message) => member(message.author.id)?.nick || authorOf(message).name;

export function findChannel(id) {
  for (const g of store.state?.guilds ?? []) {
    const found = g.channels.find((c) => c.id === id);
    if (found) return { guild: g, channel: found };
  }
  const dm = store.state?.dms.find((c) => c.id === id);
  return dm ? { guild: null, channel: dm } : null;
}

const MANAGE_MESSAGES = 1n << 13n;
const SEND_MESSAGES = 1n << 11n;
const SEND_IN_THREADS = 1n << 38n;

const allowed = (bits) => (BigInt(channel()?.permissions ?? "0") & bits) !== 0n;
export const mayManageMessages = () => store.guildId !== null && allowed(MANAGE_MESSAGES);
const FORUM = 15;

/** A forum holds no messages itself, its posts do. */
export const isForum = (place) => place?.type === FORUM;
export const maySend = () =>
  !isForum(channel()) && allowed(channel()?.thread ? SEND_IN_THREADS : SEND_MESSAGES);

/** Snowflakes are beyond what a JavaScript number holds: longer is newer, then text order. */
export const newer = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export const messages = (channelId = store.channelId) => store.state?.messages[channelId] ?? [];

/** Put a message into its channel, in order; answers whether it is new. */
export function putMessage(message) {
  const list = (store.state.messages[message.channel_id] ??= []);
  const at = list.findIndex((m) => m.id === message.id);
  if (at >= 0) {
    list[at] = message;
    return false;
  }
  list.push(message);
  list.sort((a, b) => newer(a.id, b.id));
  return true;
}

export function dropMessage(channelId, id) {
  const list = store.state.messages[channelId] ?? [];
  store.state.messages[channelId] = list.filter((m) => m.id !== id);
}

export const FLAG = { EPHEMERAL: 64, LOADING: 128, COMPONENTS_V2: 1 << 15 };
export const isEphemeral = (message) => (message.flags & FLAG.EPHEMERAL) !== 0;

/** Whether Discord would paint the message in the mention colour for this user. */
export function mentions(message, id) {
  if (message.author.id === id || isEphemeral(message)) return false;
  if (message.mention_everyone || message.mentions?.some((u) => u.id === id)) return true;
  const roles = member(id)?.roles ?? [];
  return (message.mention_roles ?? []).some((r) => roles.includes(r));
}
