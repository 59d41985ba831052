// Files of a message: videos play in place, pictures show, the rest are cards.

import { bytes, el, ownPath } from "./dom.js";
import { icon } from "./icons.js";
import { openImage } from "./lightbox.js";

// A video element outlives the re-drawing of its message (an edit that only changes buttons must
// not stop it), so it is kept by attachment id.
const players = new Map();
const MAX_PLAYERS = 60;

const isSpoiler = (file) => file.filename.startsWith("SPOILER_") || Boolean(file.flags & 8);

/** Files that an embed shows by attachment:// are not among these: Discord leaves them out itself. */
export function attachments(files) {
  if (!files.length) return null;
  const pictures = files.filter((file) => kind(file) === "image");
  return el(
    "div",
    { class: "attachments" },
    pictures.length
      ? el(
          "div",
          { class: `pictures count-${Math.min(pictures.length, 4)}` },
          pictures.map((file) => cover(file, image(file))),
        )
      : null,
    files
      .filter((file) => kind(file) !== "image")
      .map((file) => (kind(file) === "video" ? cover(file, video(file)) : card(file))),
  );
}

export function kind(file) {
  const type = file.content_type ?? "";
  if (/^image\/(png|jpeg|gif|webp)/.test(type)) return "image";
  if (/^video\/(mp4|webm|quicktime)/.test(type)) return "video";
  return /^audio\//.test(type) ? "audio" : "file";
}

export function image(file, name = "picture") {
  const path = ownPath(file.url);
  const label = file.description
    ? `${file.description} (show large)`
    : `${file.filename} (show large)`;
  const ratio =
    file.width && file.height ? { "aspect-ratio": `${file.width} / ${file.height}` } : {};
  const shown = el(
    "button",
    {
      type: "button",
      class: name,
      title: file.description,
      "aria-label": label,
      on: { click: () => openImage(path, file.description) },
    },
    el("img", { src: path, alt: file.description ?? "", style: ratio, loading: "lazy" }),
  );
  return file.description ? el("div", { class: "described" }, shown, altBadge(file)) : shown;
}

/** "ALT" in the corner; pressed, it shows the text. */
function altBadge(file) {
  const text = el("div", { class: "alt-text", hidden: true, text: file.description });
  const badge = el(
    "button",
    {
      type: "button",
      class: "alt",
      title: file.description,
      "aria-label": "Alt text",
      "aria-expanded": "false",
    },
    "ALT",
  );
  badge.addEventListener("click", () => {
    text.hidden = !text.hidden;
    badge.setAttribute("aria-expanded", String(!text.hidden));
  });
  return [badge, text];
}

export function video(file) {
  const kept = players.get(file.id);
  if (kept) {
    describe(kept, file);
    return kept;
  }
  const player = el("video", {
    controls: true,
    playsinline: true,
    preload: "metadata",
    src: ownPath(file.url),
    width: file.width ?? null,
    height: file.height ?? null,
    style:
      file.width && file.height
        ? { "--shape": `${file.width} / ${file.height}`, "--wide": `${file.width / file.height}` }
        : {},
  });
  const caption = el("figcaption", { class: "sr-only", text: file.filename });
  const node = el("figure", { class: "video" }, player, caption);
  describe(node, file);
  players.set(file.id, node);
  if (players.size > MAX_PLAYERS) players.delete(players.keys().next().value);
  return node;
}

/** Give a player its alt text: an edit of the message may have changed it. */
function describe(node, file) {
  const player = node.firstElementChild;
  player.title = file.description ?? "";
  player.setAttribute("aria-label", file.description || file.filename);
  if (node.dataset.described === (file.description ?? "")) return;
  node.dataset.described = file.description ?? "";
  for (const old of node.querySelectorAll(".alt, .alt-text")) old.remove();
  if (file.description) player.after(...altBadge(file));
}

export function card(file) {
  const path = ownPath(file.url);
  if (kind(file) === "audio")
    return el("audio", {
      controls: true,
      preload: "none",
      src: path,
      "aria-label": file.description || file.filename,
    });
  return el(
    "div",
    { class: "file" },
    icon("file", 28),
    el(
      "div",
      {},
      el("a", { href: path, download: file.filename, text: file.filename }),
      el("small", { text: bytes(file.size) }),
    ),
    el(
      "a",
      {
        class: "icon-button",
        href: path,
        download: file.filename,
        "aria-label": `Download ${file.filename}`,
      },
      icon("download"),
    ),
  );
}

/** Put a spoiler's curtain before it, if it is one. */
export function cover(file, node) {
  if (!isSpoiler(file) && !file.spoiler) return node;
  return curtain(node);
}

export function curtain(node) {
  const veil = el(
    "button",
    { type: "button", class: "veil", "aria-label": "Spoiler: show" },
    el("span", { text: "SPOILER" }),
  );
  const box = el("div", { class: "curtain" }, node, veil);
  node.inert = true;
  veil.addEventListener("click", () => {
    node.inert = false;
    veil.remove();
    box.classList.add("open");
  });
  return box;
}
