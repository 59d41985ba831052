// An embed: the card with the colour bar.

import { el, linkTo, ownPath, webAddress } from "./dom.js";
import { inlineMarkdown, markdown } from "./markdown.js";
import { openImage } from "./lightbox.js";
import { messageTime } from "./time.js";

const INLINE_PER_ROW = 3;

export function embed(data) {
  // A link to a picture shows as the picture alone.
  if (data.type === "image" && data.thumbnail)
    return el("div", { class: "embed-bare" }, picture(data.thumbnail, "embed-image"));
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
          small(data.author.icon_url, data.author.proxy_icon_url),
          authorName(data.author),
        ),
      title && el("h3", { class: "embed-title" }, url ? linkTo(url.href, title) : title),
      data.description && el("div", { class: "embed-text" }, markdown(data.description)),
      data.fields?.length ? fields(data.fields) : null,
      data.image && picture(data.image, "embed-image"),
      footer(data),
    ),
    data.thumbnail && picture(data.thumbnail, "embed-thumbnail"),
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

function footer(data) {
  const at = data.timestamp ? Date.parse(data.timestamp) / 1000 : null;
  if (!data.footer?.text && !at) return null;
  return el(
    "div",
    { class: "embed-footer" },
    small(data.footer?.icon_url, data.footer?.proxy_icon_url),
    [data.footer?.text, at && messageTime(at)].filter(Boolean).join(" • "),
  );
}

function small(address, proxy) {
  const path = ownPath(proxy) ?? ownPath(address);
  return path ? el("img", { src: path, class: "embed-icon", alt: "", loading: "lazy" }) : null;
}

/** A picture of an embed, from this server's own file store or its proxy. */
function picture({ url, proxy_url: proxy, description, width, height }, name) {
  if (!url) return null;
  const path = ownPath(proxy) ?? ownPath(url);
  if (!path) return elsewhere(url);
  const ratio = width && height ? { "aspect-ratio": `${width} / ${height}` } : {};
  return el(
    "button",
    {
      type: "button",
      class: `${name}-button`,
      title: description,
      "aria-label": description ? `${description} (show large)` : "Show the image large",
      on: { click: () => openImage(path, description) },
    },
    el("img", { src: path, class: name, alt: description ?? "", style: ratio, loading: "lazy" }),
  );
}

/** The playground loads nothing from other hosts: their pictures are links. */
function elsewhere(address) {
  const url = webAddress(address);
  return url
    ? el("div", { class: "embed-elsewhere" }, linkTo(url.href, `Image on ${url.host}`))
    : null;
}
