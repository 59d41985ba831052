// An embed: the card with the colour bar.

import { el, linkTo, ownPath, webAddress } from "./dom.js";
import { inlineMarkdown, markdown } from "./markdown.js";
import { openImage } from "./lightbox.js";
import { messageTime } from "./time.js";

const INLINE_PER_ROW = 3;

export function embed(data, attachments) {
  const colour = data.color ? `#${data.color.toString(16).padStart(6, "0")}` : null;
  const url = data.url ? webAddress(data.url) : null;
  const title = data.title ? inlineMarkdown(data.title) : null;
  return el(
    "div",
    { class: "embed", style: colour ? { "--bar": colour } : {} },
    el(
      "div",
      { class: "embed-grid" },
      data.author?.name &&
        el(
          "div",
          { class: "embed-author" },
          picture(data.author.icon_url, "embed-icon", attachments),
          authorName(data.author),
        ),
      title && el("h3", { class: "embed-title" }, url ? linkTo(url.href, title) : title),
      data.description && el("div", { class: "embed-text" }, markdown(data.description)),
      data.fields?.length ? fields(data.fields) : null,
      data.image?.url && picture(data.image.url, "embed-image", attachments),
      footer(data, attachments),
    ),
    data.thumbnail?.url && picture(data.thumbnail.url, "embed-thumbnail", attachments),
  );
}

function authorName(author) {
  const url = author.url ? webAddress(author.url) : null;
  return url ? linkTo(url.href, author.name) : el("span", { text: author.name });
}

/** Fields three to a row while they are inline, as Discord lays them out on twelve columns. */
function fields(list) {
  const out = el("div", { class: "embed-fields" });
  for (let i = 0; i < list.length;) {
    let run = 1;
    if (list[i].inline) while (run < INLINE_PER_ROW && list[i + run]?.inline) run += 1;
    for (const field of list.slice(i, i + run)) {
      out.append(
        el(
          "div",
          { class: "embed-field", style: { "grid-column": `span ${12 / run}` } },
          el("h4", {}, inlineMarkdown(field.name)),
          el("div", { class: "embed-text" }, markdown(field.value)),
        ),
      );
    }
    i += run;
  }
  return out;
}

function footer(data, attachments) {
  const at = data.timestamp ? Date.parse(data.timestamp) / 1000 : null;
  if (!data.footer?.text && !at) return null;
  return el(
    "div",
    { class: "embed-footer" },
    picture(data.footer?.icon_url, "embed-icon", attachments),
    [data.footer?.text, at && messageTime(at)].filter(Boolean).join(" • "),
  );
}

function picture(address, name, attachments) {
  if (!address) return null;
  const attached = address.startsWith("attachment://")
    ? attachments.find((a) => a.filename === address.slice("attachment://".length))
    : null;
  const path = ownPath(attached?.url ?? address);
  if (!path) return name === "embed-icon" ? null : elsewhere(address);
  const image = el("img", {
    src: path,
    class: name,
    alt: attached?.description ?? "",
    loading: "lazy",
  });
  if (name === "embed-icon") return image;
  return el(
    "button",
    {
      type: "button",
      class: `${name}-button`,
      "aria-label": "Show the image large",
      on: { click: () => openImage(path, image.alt) },
    },
    image,
  );
}

/** The playground loads nothing from other hosts: their pictures are links. */
function elsewhere(address) {
  const url = webAddress(address);
  return url
    ? el("div", { class: "embed-elsewhere" }, linkTo(url.href, `Image on ${url.host}`))
    : null;
}
