// The playground's clock in the browser, and Discord's timestamps, which tick on it.

import { el } from "./dom.js";

let base = { now: Date.now() / 1000, speed: 1, at: performance.now() };

export function syncClock({ now, speed }) {
  base = { now, speed, at: performance.now() };
  tick();
}

/** Seconds since 1970 in the playground, where time may run faster. */
export const now = () => base.now + ((performance.now() - base.at) / 1000) * base.speed;

const format = (options) => {
  const formatter = new Intl.DateTimeFormat(undefined, options);
  return (unix) => formatter.format(new Date(unix * 1000));
};

const STYLES = {
  t: format({ timeStyle: "short" }),
  T: format({ timeStyle: "medium" }),
  d: format({ dateStyle: "short" }),
  D: format({ dateStyle: "long" }),
  f: format({ dateStyle: "long", timeStyle: "short" }),
  F: format({ dateStyle: "full", timeStyle: "short" }),
  s: format({ dateStyle: "short", timeStyle: "short" }),
  S: format({ dateStyle: "short", timeStyle: "medium" }),
  R: relative,
};

const UNITS = [
  ["year", 31_556_952],
  ["month", 2_629_746],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "always" });

function relative(unix) {
  const seconds = Math.round(unix - now());
  if (seconds === 0) return "now";
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return relativeFormat.format(Math.trunc(seconds / size), unit);
}

export const full = STYLES.F;
export const clockTime = STYLES.t;
export const dayName = STYLES.D;

/** "Today at 14:02" and the like, for the head of a message. */
export function messageTime(unix) {
  const day = (seconds) => new Date(seconds * 1000).toDateString();
  if (day(unix) === day(now())) return `Today at ${clockTime(unix)}`;
  if (day(unix) === day(now() - 86_400)) return `Yesterday at ${clockTime(unix)}`;
  return STYLES.s(unix);
}

/** `<t:unix:style>` as an element that keeps itself current. */
export function timestamp(unix, style) {
  const name = STYLES[style] ? style : "f";
  if (Math.abs(unix) > 8.64e12) return null; // no such date
  const node = el("time", {
    class: "timestamp",
    datetime: new Date(unix * 1000).toISOString(),
    title: full(unix),
    text: STYLES[name](unix),
  });
  if (name === "R") node.dataset.unix = unix;
  return node;
}

/** Bring every relative timestamp up to date, touching only those whose words changed. */
function tick() {
  for (const node of document.querySelectorAll("time[data-unix]")) {
    const text = relative(Number(node.dataset.unix));
    if (node.textContent !== text) node.textContent = text;
  }
}

setInterval(tick, 200);
