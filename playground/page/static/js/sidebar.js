// Servers, channels, and whom one acts as.

import { $, avatar, el } from "./dom.js";
import { icon } from "./icons.js";
import { emit, findChannel, guild, member, places, role, store, subscribe, user } from "./store.js";
import { follow } from "./feed.js";

const CHOSEN = "reelbox-playground";
let stood = null; // who stood there at the last snapshot

export function startSidebar() {
  $("open-sidebar").append(icon("menu"));
  $("open-sidebar").addEventListener("click", () => drawer("show-sidebar", "open-sidebar"));
  $("open-people").addEventListener("click", () => drawer("show-sidebar", "open-people"));
  $("shade").addEventListener("click", closeDrawers);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeDrawers());
  $("people-list").addEventListener("keydown", arrows);
  subscribe("state", () => {
    settle();
    draw();
  });
  subscribe("place unread clock", draw);
  subscribe("goto", ({ channelId, messageId }) => goTo(channelId, messageId));
}

// --- where one stands

/** Keep server and channel when they still exist for this member, else take the first. */
function settle() {
  const { state } = store;
  const before = [stood, store.guildId, store.channelId].join();
  const wanted = findChannel(store.channelId ?? remembered());
  if (wanted) {
    store.guildId = wanted.guild?.id ?? null;
    store.channelId = wanted.channel.id;
  } else {
    const first = state.guilds.find((g) => g.id === store.guildId) ?? state.guilds[0];
    store.guildId = first?.id ?? null;
    store.channelId = (first?.channels ?? state.dms)[0]?.id ?? null;
  }
  stood = store.viewer;
  seen();
  if ([stood, store.guildId, store.channelId].join() !== before) emit("place");
}

function remembered() {
  try {
    return sessionStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}

function goTo(channelId, messageId) {
  const found = findChannel(channelId);
  if (!found) return;
  store.guildId = found.guild?.id ?? null;
  store.channelId = channelId;
  try {
    sessionStorage.setItem(CHOSEN, channelId);
  } catch {
    // Storage may be switched off; then the choice lasts until the page is read again.
  }
  seen();
  closeDrawers();
  emit("place");
  if (messageId) requestAnimationFrame(() => emit("jump", messageId));
}

function seen() {
  store.unread.delete(store.channelId);
  store.pingsFor.delete(store.viewer);
}

function actAs(id) {
  if (id === store.viewer) return;
  store.unread.clear();
  follow(id);
  closeDrawers();
}

function drawer(name, opener) {
  const open = $("app").classList.toggle(name);
  $("shade").hidden = !open;
  $(opener).setAttribute("aria-expanded", String(open));
  if (open) $("sidebar").querySelector("[aria-current], .channel")?.focus();
}

function closeDrawers() {
  $("app").classList.remove("show-sidebar", "show-panel");
  $("open-sidebar").setAttribute("aria-expanded", "false");
  $("shade").hidden = true;
}

// --- drawing

function draw() {
  if (!store.state) return;
  drawRail();
  drawChannels();
  drawPeople();
  const here = places().find((c) => c.id === store.channelId);
  $("guild-name").textContent = guild()?.name ?? "Direct messages";
  $("channel-name").textContent = here?.name ?? "No channel";
  $("channel-topic").textContent = here?.topic ?? "";
  $("channel-icon").replaceChildren(icon(iconOf(here)));
  $("open-people").replaceChildren(avatar(user(store.viewer), "small"));
  $("open-people").setAttribute("aria-label", `Acting as ${user(store.viewer)?.name}: change`);
  const place = here && store.guildId ? `#${here.name}` : (here?.name ?? "Reelbox");
  document.title = `${place} · Reelbox Playground`;
}

const iconOf = (place) => (store.guildId === null ? "at" : place?.thread ? "thread" : "hash");

function tally(channels) {
  let messages = 0;
  let mentions = 0;
  for (const c of channels) {
    const unread = store.unread.get(c.id);
    messages += unread?.messages ?? 0;
    mentions += unread?.mentions ?? 0;
  }
  return { messages, mentions };
}

function drawRail() {
  const { guilds, dms } = store.state;
  $("rail").replaceChildren(
    railItem(null, "Direct messages", icon("at", 24), dms),
    el("span", { class: "rail-sep", "aria-hidden": "true" }),
    ...guilds.map((g) => railItem(g.id, g.name, initials(g.name), g.channels)),
  );
}

const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => word[0])
    .join("")
    .slice(0, 3);

function railItem(id, name, face, channels) {
  const current = id === store.guildId;
  const { messages, mentions } = tally(channels);
  const label = `${name}${mentions ? `, ${mentions} mentions` : messages ? ", unread" : ""}`;
  const go = () => {
    const first = channels[0];
    if (first) goTo(first.id);
  };
  return el(
    "span",
    { class: `rail-item ${current ? "current" : ""} ${messages ? "unread" : ""}` },
    el(
      "button",
      {
        type: "button",
        class: "rail-button",
        "aria-label": label,
        title: name,
        "aria-current": current ? "true" : null,
        on: { click: go },
      },
      face,
    ),
    mentions ? el("span", { class: "badge", "aria-hidden": "true", text: String(mentions) }) : null,
  );
}

function drawChannels() {
  const all = [...places()].sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  const roots = all.filter((c) => !c.thread);
  const ordered = roots.flatMap((c) => [c, ...all.filter((t) => t.thread && t.parent_id === c.id)]);
  keepFocus($("channels"), () =>
    $("channels").replaceChildren(
      el("h2", { text: store.guildId === null ? "Messages" : "Text channels" }),
      el(
        "ul",
        {},
        ordered.map((c) => el("li", {}, channelButton(c))),
      ),
    ),
  );
}

function channelButton(place) {
  const { messages, mentions } = tally([place]);
  const current = place.id === store.channelId;
  return el(
    "button",
    {
      type: "button",
      class: `channel ${place.thread ? "thread" : ""} ${messages ? "unread" : ""}`,
      "aria-current": current ? "page" : null,
      data: { key: place.id },
      on: { click: () => goTo(place.id) },
    },
    store.guildId === null
      ? avatar(store.state.bot, "small")
      : icon(iconOf(place), place.thread ? 16 : 18),
    el("span", { text: place.name }),
    mentions
      ? el("span", { class: "badge", "aria-label": `${mentions} mentions`, text: String(mentions) })
      : null,
  );
}

function drawPeople() {
  keepFocus($("people-list"), () =>
    $("people-list").replaceChildren(...store.state.people.map(personButton)),
  );
}

function personButton(person) {
  const current = person.id === store.viewer;
  const pings = store.pingsFor.get(person.id);
  const place = guild() && !member(person.id) ? person.guilds[0]?.name : null;
  const admin =
    guild() && member(person.id) ? member(person.id).admin : person.guilds.some((g) => g.admin);
  return el(
    "button",
    {
      type: "button",
      class: "person",
      role: "radio",
      "aria-checked": String(current),
      tabindex: current ? "0" : "-1",
      data: { key: person.id, person: person.name },
      on: { click: () => actAs(person.id) },
    },
    avatar(person, "small"),
    el(
      "div",
      {},
      el("div", { class: "person-name", text: person.name }),
      el("div", {
        class: "person-role",
        text: [admin ? "Admin" : rank(person.id), place && `in ${place}`].filter(Boolean).join(" "),
      }),
    ),
    pings
      ? el("span", { class: "badge", "aria-label": `${pings} pings`, text: String(pings) })
      : null,
  );
}

/** The highest role somebody has here, as a list of members would head them. */
const rank = (id) => role(member(id)?.roles.at(-1))?.name ?? "Member";

function arrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...$("people-list").children];
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next.focus();
}

/** Replacing a list's children must leave the focus on the same entry. */
function keepFocus(box, change) {
  const key = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  change();
  if (key) box.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
