// Discord's markdown as elements. Everything unknown stays text; nesting is bounded.

import { el, linkTo, webAddress } from "./dom.js";
import { timestamp } from "./time.js";
import { displayName, emit, findChannel, role, store, user } from "./store.js";

const MAX_DEPTH = 12;
const MESSAGE_LINK = /^https:\/\/discord\.com\/channels\/\d{1,20}\/(\d{1,20})\/(\d{1,20})$/;
const FENCE = /```(?:([\w+.#-]+)\n)?\n*([\s\S]+?)\n*```/g;
const LIST = /^(\s*)([-*]|\d{1,9}\.)\s+(.+)$/;

/** A whole text: code blocks, quotes, headings, lists, and inline marks. */
export function markdown(text) {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    out.append(...lines(text.slice(from, match.index).replace(/\n$/, "")));
    out.append(
      el("pre", {}, el("code", { text: match[2], data: match[1] ? { language: match[1] } : {} })),
    );
    from = match.index + match[0].length;
    if (text[from] === "\n") from += 1;
  }
  out.append(...lines(text.slice(from)));
  return out;
}

/** One line's worth: titles, field names, buttons of text. */
export function inlineMarkdown(text) {
  const out = document.createDocumentFragment();
  out.append(...inline(text, 0));
  return out;
}

function lines(text) {
  if (!text) return [];
  const out = [];
  const rows = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.length) out.push(...inline(plain.join("\n"), 0));
    plain = [];
  };
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i];
    let match;
    if (row.startsWith(">>> ")) {
      flush();
      out.push(el("blockquote", {}, lines([row.slice(4), ...rows.slice(i + 1)].join("\n"))));
      return out;
    }
    if (row.startsWith("> ")) {
      flush();
      const quoted = [];
      while (rows[i]?.startsWith("> ")) quoted.push(rows[i++].slice(2));
      i -= 1;
      out.push(el("blockquote", {}, lines(quoted.join("\n"))));
    } else if ((match = /^(#{1,3}) +(.+)$/.exec(row))) {
      flush();
      out.push(
        el(`h${match[1].length + 2}`, { class: `md-h${match[1].length}` }, inline(match[2], 0)),
      );
    } else if ((match = /^-# +(.+)$/.exec(row))) {
      flush();
      out.push(el("small", { class: "md-sub" }, inline(match[1], 0)));
    } else if (LIST.test(row)) {
      flush();
      const items = [];
      while (rows[i] !== undefined && LIST.test(rows[i])) items.push(LIST.exec(rows[i++]));
      i -= 1;
      out.push(list(items));
    } else {
      plain.push(row);
    }
  }
  flush();
  return out;
}

function list(items) {
  const indent = items[0][1].length;
  const ordered = /\d/.test(items[0][2]);
  const node = el(ordered ? "ol" : "ul", { start: ordered ? parseInt(items[0][2], 10) : null });
  for (let i = 0; i < items.length; i += 1) {
    const item = el("li", {}, inline(items[i][3], 0));
    const children = [];
    while (items[i + 1] && items[i + 1][1].length > indent) children.push(items[++i]);
    if (children.length) item.append(list(children));
    node.append(item);
  }
  return node;
}

const wrap = (tag) => (match, depth) => el(tag, {}, inline(match[1], depth + 1));
const pill = (text, name = "") => el("span", { class: `mention ${name}`, text });

// Tried in this order at every position; each matches exactly there.
const RULES = [
  [/\\([^0-9A-Za-z\s])/y, (m) => m[1]],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, (m) => el("code", { class: "inline", text: m[2].trim() || m[2] })],
  [/<(https?:\/\/[^\s>]+)>/y, (m) => bareLink(m[1])],
  [
    /\[((?:\\.|[^\]\\]){1,1000})\]\(<?(https?:\/\/[^\s)>]+)>?(?:\s+"[^"]*")?\)/y,
    (m, d) => webLink(m[2], inline(m[1], d + 1)),
  ],
  [/https?:\/\/[^\s<]+[^<.,:;"'()\]\s]/y, (m) => bareLink(m[0])],
  [
    /<@!?(\d{1,20})>/y,
    (m) =>
      user(m[1])
        ? pill(`@${displayName(m[1])}`, m[1] === store.viewer ? "me" : "")
        : pill("@unknown-user"),
  ],
  [/<@&(\d{1,20})>/y, (m) => pill(`@${role(m[1])?.name ?? "unknown-role"}`)],
  [/<#(\d{1,20})>/y, (m) => channelPill(m[1])],
  [/<\/([\p{L}\p{N}_ -]{1,100}):(\d{1,20})>/uy, (m) => commandPill(m[1])],
  [/<t:(-?\d{1,14})(?::([tTdDfFRsS]))?>/y, (m) => timestamp(Number(m[1]), m[2]) ?? m[0]],
  [
    /<(a?):(\w{2,32}):(\d{1,20})>/y,
    (m) =>
      el("img", {
        class: "emoji",
        src: `/emojis/${m[3]}.${m[1] ? "gif" : "png"}`,
        alt: `:${m[2]}:`,
        title: `:${m[2]}:`,
      }),
  ],
  [/@(?:everyone|here)\b/y, (m) => pill(m[0])],
  [/\|\|([\s\S]+?)\|\|/y, (m, d) => spoiler(inline(m[1], d + 1))],
  [/\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, wrap("strong")],
  [/__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, wrap("u")],
  [/~~((?:\\[\s\S]|[^\\])+?)~~/y, wrap("s")],
  [/\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y, wrap("em")],
  [/\b_((?:__|\\[\s\S]|[^\\_])+?)_\b/y, wrap("em")],
  [/[\s\S]+?(?=[^0-9A-Za-z\s]|https?:\/\/|\b_|$)/y, (m) => m[0]],
];

function inline(text, depth) {
  if (depth > MAX_DEPTH) return [text];
  const out = [];
  let at = 0;
  while (at < text.length) {
    for (const [pattern, make] of RULES) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match || !match[0]) continue;
      // Taken before `make`, whose own recursion moves the shared pattern's position.
      at += match[0].length;
      out.push(make(match, depth));
      break;
    }
  }
  return out;
}

function webLink(address, children) {
  const url = webAddress(address);
  return url ? linkTo(url.href, children) : children;
}

function channelPill(id) {
  const found = findChannel(id);
  if (!found) return pill("#unknown");
  const node = el("button", {
    type: "button",
    class: "mention",
    on: { click: () => emit("goto", { channelId: id }) },
  });
  node.textContent = `#${found.channel.name}`;
  return node;
}

/** An address that stands for itself; that of a message is told by its channel, and leads there. */
function bareLink(address) {
  const [, channelId, messageId] = MESSAGE_LINK.exec(address) ?? [];
  const found = findChannel(channelId);
  if (!found) return webLink(address, [address]);
  const node = el("button", {
    type: "button",
    class: "mention",
    on: { click: () => emit("goto", { channelId, messageId }) },
  });
  node.textContent = `#${found.channel.name} › message`;
  return node;
}

function commandPill(name) {
  const node = el("button", {
    type: "button",
    class: "mention",
    on: { click: () => emit("command", name) },
  });
  node.textContent = `/${name}`;
  return node;
}

function spoiler(children) {
  const node = el(
    "span",
    { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, hidden" },
    el("span", {}, children),
  );
  const reveal = () => {
    node.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") reveal();
  });
  return node;
}

/** The words alone, for the quoted line, a toast or a screen reader. */
export function plainText(text) {
  const node = el("div");
  node.append(markdown(text.slice(0, 300)));
  return node.textContent.replace(/\s+/g, " ").trim();
}
