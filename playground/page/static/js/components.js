// Buttons, selects and the layout pieces (containers, sections, galleries) under a message.

import * as api from "./api.js";
import { attachments as files, card, cover, curtain, image, kind, video } from "./attachments.js";
import { el, linkTo, webAddress } from "./dom.js";
import { icon } from "./icons.js";
import { runComponent } from "./interactions.js";
import { markdown } from "./markdown.js";
import { isSelect, select } from "./select.js";

const TYPE = {
  ROW: 1,
  BUTTON: 2,
  SECTION: 9,
  TEXT: 10,
  THUMBNAIL: 11,
  GALLERY: 12,
  FILE: 13,
  SEPARATOR: 14,
  CONTAINER: 17,
};
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };
const LINK = 5;

export function components(message) {
  if (!message.components?.length) return null;
  return el(
    "div",
    { class: "components" },
    message.components.map((c) => component(c, message)),
  );
}

function component(data, message) {
  switch (data.type) {
    case TYPE.ROW:
      return el(
        "div",
        { class: "component-row" },
        data.components.map((c) => component(c, message)),
      );
    case TYPE.BUTTON:
      return button(data, message);
    case TYPE.TEXT:
      return el("div", { class: "content" }, markdown(data.content));
    case TYPE.SECTION:
      return el(
        "div",
        { class: "section" },
        el(
          "div",
          {},
          data.components.map((c) => component(c, message)),
        ),
        component(data.accessory, message),
      );
    case TYPE.THUMBNAIL:
      return el("div", { class: "section-thumbnail" }, media(data, message));
    case TYPE.GALLERY:
      return el(
        "div",
        { class: `gallery count-${Math.min(data.items.length, 4)}` },
        data.items.map((item) => media(item, message)),
      );
    case TYPE.FILE:
      return card(attached(data.file, message));
    case TYPE.SEPARATOR:
      return el("hr", {
        class: `separator ${data.divider === false ? "blank" : ""} ${data.spacing === 2 ? "large" : ""}`,
      });
    case TYPE.CONTAINER:
      return container(data, message);
    default:
      return isSelect(data)
        ? select(data, (values) =>
            runComponent(message.id, () => api.choose(message.id, data.custom_id, values)),
          )
        : null;
  }
}

function container(data, message) {
  const colour = data.accent_color ? `#${data.accent_color.toString(16).padStart(6, "0")}` : null;
  const node = el(
    "div",
    { class: "container", style: colour ? { "--bar": colour } : {} },
    data.components.map((c) => component(c, message)),
  );
  return data.spoiler ? curtain(node) : node;
}

function button(data, message) {
  const label = [
    data.emoji?.name && el("span", { class: "emoji", text: data.emoji.name }),
    data.label,
  ];
  const props = {
    type: "button",
    class: `btn ${STYLES[data.style] ?? ""}`,
    disabled: data.disabled,
    data: { key: data.custom_id },
  };
  if (data.style === LINK) {
    const url = webAddress(data.url);
    const node = linkTo(url ? url.href : "about:blank", label, icon("send", 14));
    node.className = "btn";
    return node;
  }
  const node = el("button", props, label);
  if (!data.label) node.setAttribute("aria-label", data.emoji?.name ?? "Button");
  node.addEventListener("click", async () => {
    if (node.ariaBusy === "true") return;
    node.ariaBusy = "true";
    await runComponent(message.id, () => api.press(message.id, data.custom_id));
    node.ariaBusy = null;
  });
  return node;
}

/** The attachment a media item names, with what the item itself says of it. */
function attached(item, message) {
  const url = item.url ?? "";
  const path = webAddress(url)?.pathname;
  const found = message.attachments?.find(
    (a) => url === `attachment://${a.filename}` || (path && webAddress(a.url)?.pathname === path),
  );
  return (
    found ?? {
      id: url,
      url,
      filename: url.split("/").pop().split("?")[0],
      content_type: item.content_type ?? "",
      size: item.size ?? 0,
      width: item.width,
      height: item.height,
    }
  );
}

function media(item, message) {
  const file = { ...attached(item.media, message), spoiler: item.spoiler };
  if (item.description) file.description = item.description;
  const node =
    kind(file) === "video" ? video(file) : kind(file) === "image" ? image(file) : files([file]);
  return node && cover(file, node);
}
