// Building elements. Data only ever becomes text nodes and attributes: nothing here, or anywhere
// on this page, hands a string to the HTML parser, so what a member or a bot writes stays text.

/**
 * Make an element: `el("button", {class: "btn", on: {click}}, "Send")`.
 * Keys: class, text, data (dataset), style (CSS variables and properties), on (listeners); a value
 * of null, undefined or false leaves the attribute out, true sets it empty.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style")
      for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else if (key === "on") for (const [k, v] of Object.entries(value)) node.addEventListener(k, v);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

export const $ = (id) => document.getElementById(id);

/** A web address that a person may follow, else null (no javascript:, no data:). */
export function webAddress(text) {
  try {
    const url = new URL(text, location.origin);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

/** An address on this server as a path (the only kind the page loads media from), else null. */
export function ownPath(text) {
  const url = text ? webAddress(text) : null;
  return url && url.origin === location.origin ? url.pathname + url.search : null;
}

export function linkTo(address, ...children) {
  return el(
    "a",
    { href: address, target: "_blank", rel: "noopener noreferrer nofollow" },
    ...children,
  );
}

const TINTS = ["#b5502a", "#2d7d46", "#9c4f96", "#2f6f9f", "#8a6d1f", "#a83a55", "#4b6a88"];

/** A round picture: the user's own, or their initial on a colour of theirs. */
export function avatar(user, size = "") {
  const path = ownPath(user?.avatar_url);
  const name = user?.name || "?";
  const colour = user?.bot ? "#5865f2" : TINTS[(user?.tint ?? 0) % TINTS.length];
  return el(
    "span",
    {
      class: `avatar ${size}`,
      style: { background: path ? "none" : colour },
      "aria-hidden": "true",
    },
    path ? el("img", { src: path, alt: "" }) : name.slice(0, 1).toUpperCase(),
  );
}

/** Say something to a screen reader only. */
export function announce(text) {
  const place = $("announcer");
  place.append(el("p", { text: text.slice(0, 400) }));
  while (place.childElementCount > 8) place.firstElementChild.remove();
}

export const bytes = (size) =>
  size < 1024
    ? `${size} bytes`
    : size < 1024 ** 2
      ? `${(size / 1024).toFixed(1)} KB`
      : `${(size / 1024 ** 2).toFixed(2)} MB`;

export const number = (value) =>
  value === null || value === undefined ? "–" : Number(value).toLocaleString("en-US");
