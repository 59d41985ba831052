// The NeuralBox side: balance, allowance, time, faults, and each generation as the vendor sees it.

import * as api from "./api.js";
import { $, el, number } from "./dom.js";
import { icon } from "./icons.js";
import { store, subscribe } from "./store.js";
import { clockTime, now } from "./time.js";
import { toast } from "./toast.js";

const SPEEDS = [1, 5, 20, 60];
const FAULTS = [
  ["slow", "Slow answers", "Every answer takes seconds"],
  ["fail_next", "Fail the next video", "It ends in a failure, free of charge"],
  ["policy_next", "Refuse the next prompt", "Content policy"],
  ["rate_limited", "Too many requests", "429 until switched off"],
  ["lose_next_answer", "Lose the next answer", "The job is made, its answer never arrives"],
  ["outage", "Outage", "503 to everything"],
];
const WIDE = matchMedia("(min-width: 1100px)");
const parts = {};

export function startPanel() {
  $("open-panel").append(icon("film", 18), el("span", { text: "NeuralBox" }));
  $("open-panel").setAttribute("aria-label", "NeuralBox panel");
  $("open-panel").addEventListener("click", toggle);
  WIDE.addEventListener("change", expanded);
  build();
  subscribe("state box", draw);
  subscribe("state clock", drawSpeed);
  setInterval(progress, 250);
  expanded();
}

function toggle() {
  if (WIDE.matches) $("app").classList.toggle("no-panel");
  else {
    const open = $("app").classList.toggle("show-panel");
    $("shade").hidden = !open;
    if (open) parts.close.focus();
  }
  expanded();
}

function expanded() {
  const open = WIDE.matches
    ? !$("app").classList.contains("no-panel")
    : $("app").classList.contains("show-panel");
  $("open-panel").setAttribute("aria-expanded", String(open));
}

function close() {
  $("app").classList.remove("show-panel");
  if (WIDE.matches) $("app").classList.add("no-panel");
  $("shade").hidden = true;
  expanded();
  $("open-panel").focus();
}

/** Run an action of the panel; a refusal becomes a notice. */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    toast({ title: "NeuralBox panel", text: error.message });
  }
}

function build() {
  parts.close = el(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Close the NeuralBox panel",
      on: { click: close },
    },
    icon("close", 18),
  );
  parts.plan = el("span", { class: "plan" });
  parts.balance = el("input", {
    class: "balance",
    type: "text",
    inputmode: "numeric",
    "aria-label": "Token balance, change it to try an empty account",
  });
  parts.balance.addEventListener("change", () =>
    attempt(() => api.setBalance(Number(parts.balance.value.replace(/\D/g, "") || 0))),
  );
  parts.balance.addEventListener(
    "keydown",
    (event) => event.key === "Enter" && parts.balance.blur(),
  );
  parts.allowance = el("div", { class: "allowances" });
  parts.speeds = el(
    "div",
    { class: "speeds", role: "radiogroup", "aria-labelledby": "speed-title" },
    SPEEDS.map((speed) =>
      el(
        "button",
        {
          type: "button",
          class: "speed",
          role: "radio",
          data: { speed },
          on: { click: () => attempt(() => api.setSpeed(speed)) },
        },
        `${speed}×`,
      ),
    ),
  );
  parts.speeds.addEventListener("keydown", arrows);
  parts.faults = el("div", { class: "faults" }, FAULTS.map(fault));
  parts.jobs = el("ol", { class: "jobs", "aria-label": "Generations" });
  parts.requests = el("ol", { class: "requests" });
  $("panel").replaceChildren(
    el(
      "header",
      { class: "panel-head" },
      el("span", { class: "panel-mark", "aria-hidden": "true" }, icon("film", 18)),
      el(
        "div",
        {},
        el("h2", { id: "panel-title", text: "NeuralBox" }),
        el("p", { text: "The local stand-in of the video service" }),
      ),
      parts.plan,
      parts.close,
    ),
    el(
      "div",
      { class: "panel-body" },
      el(
        "section",
        { class: "account", "aria-label": "Account" },
        el("label", { class: "balance-box" }, el("span", { text: "Tokens left" }), parts.balance),
        parts.allowance,
      ),
      el("section", {}, el("h3", { id: "speed-title", text: "Speed of time" }), parts.speeds),
      el("section", {}, el("h3", {}, "Generations"), parts.jobs),
      el("section", {}, el("h3", {}, "Make trouble"), parts.faults),
      el("details", {}, el("summary", {}, "Requests it received"), parts.requests),
    ),
  );
}

function fault([name, label, hint]) {
  const box = el(
    "button",
    {
      type: "button",
      class: "switch",
      role: "switch",
      "aria-checked": "false",
      data: { fault: name },
      on: {
        click: () =>
          attempt(() => api.setSwitch(name, box.getAttribute("aria-checked") !== "true")),
      },
    },
    el("span", { class: "switch-text" }, el("b", { text: label }), el("small", { text: hint })),
    el("i", { class: "switch-knob", "aria-hidden": "true" }),
  );
  return box;
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...parts.speeds.children];
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next.focus();
  next.click();
}

function drawSpeed() {
  const current = store.state?.clock?.speed ?? 1;
  const known = SPEEDS.includes(current);
  [...parts.speeds.children].forEach((node, i) => {
    const on = Number(node.dataset.speed) === current;
    node.setAttribute("aria-checked", String(on));
    node.tabIndex = on || (!known && i === 0) ? 0 : -1;
  });
}

function draw() {
  const box = store.state?.box;
  if (!box) return;
  parts.plan.textContent = box.plan ?? "";
  if (document.activeElement !== parts.balance) parts.balance.value = number(box.balance);
  parts.allowance.replaceChildren(
    meter("This hour", box.allowance?.hour),
    meter("Today", box.allowance?.day),
  );
  for (const node of parts.faults.children)
    node.setAttribute("aria-checked", String(Boolean(box.switches?.[node.dataset.fault])));
  drawJobs(box.generations ?? []);
  parts.requests.replaceChildren(...(box.requests ?? []).map(request));
}

function meter(label, window) {
  if (!window) return "";
  const share = window.limit ? Math.min(1, window.used / window.limit) : 0;
  return el(
    "div",
    { class: "meter" },
    el(
      "div",
      {},
      el("span", { text: label }),
      el("b", { text: `${number(window.used)} / ${number(window.limit)} requests` }),
    ),
    el(
      "div",
      {
        class: `bar ${share >= 0.9 ? "high" : ""}`,
        role: "meter",
        "aria-label": `Requests used: ${label}`,
        "aria-valuemin": "0",
        "aria-valuemax": window.limit,
        "aria-valuenow": window.used,
      },
      el("i", { style: { width: `${share * 100}%` } }),
    ),
  );
}

const request = (seen) =>
  el(
    "li",
    {},
    el("span", { class: "muted", text: clockTime(seen.at) }),
    el("code", { text: `${seen.method} ${seen.path}` }),
    seen.status
      ? el("b", { class: seen.status >= 400 ? "bad" : "", text: String(seen.status) })
      : null,
  );

// --- generations: a card each, changed in place so that its button keeps the focus

const cards = new Map();

function drawJobs(list) {
  if (!list.length) {
    parts.jobs.replaceChildren(
      el("li", { class: "jobs-none", text: "None yet. Send a command and watch it arrive here." }),
    );
    return;
  }
  const nodes = list.map((job) => {
    const text = JSON.stringify([job.status, job.tokens, job.finishes_at, job.error]);
    const kept = cards.get(job.id);
    if (kept?.text === text) return kept.node;
    const node = jobCard(job);
    cards.set(job.id, { text, node, job });
    return node;
  });
  nodes.forEach(
    (node, i) =>
      parts.jobs.children[i] === node ||
      parts.jobs.insertBefore(node, parts.jobs.children[i] ?? null),
  );
  while (parts.jobs.childElementCount > nodes.length) parts.jobs.lastElementChild.remove();
  progress();
}

function jobCard(job) {
  const pending = job.status === "pending" || job.status === "processing";
  const facts = [
    job.model,
    job.duration && `${job.duration} s`,
    job.ratio,
    job.image && "from a picture",
  ]
    .filter(Boolean)
    .join(" · ");
  return el(
    "li",
    { class: `job ${job.status}` },
    el(
      "div",
      { class: "job-head" },
      el("span", { class: "job-id", text: `#${job.id}` }),
      el("span", { class: "job-status", text: job.status }),
      job.status === "completed"
        ? el("b", { text: `${number(job.tokens)} tokens` })
        : el("span", { class: "muted", text: pending ? "charged when done" : "not charged" }),
    ),
    el("p", { class: "job-prompt", text: job.prompt || "no prompt", title: job.prompt }),
    el("p", { class: "job-facts", text: facts }),
    job.error ? el("p", { class: "job-error", text: job.error }) : null,
    pending
      ? el(
          "div",
          { class: "job-wait" },
          el(
            "div",
            {
              class: "bar",
              role: "progressbar",
              "aria-label": "Wait",
              "aria-valuemin": "0",
              "aria-valuemax": "100",
              data: { from: job.created_at, until: job.finishes_at ?? "" },
            },
            el("i"),
          ),
          el("span", { class: "job-left" }),
          el(
            "button",
            {
              type: "button",
              class: "finish",
              on: { click: () => attempt(() => api.finishNow(job.id)) },
            },
            icon("bolt", 14),
            "Finish now",
          ),
        )
      : null,
  );
}

function progress() {
  for (const bar of parts.jobs.querySelectorAll(".bar[data-from]")) {
    const from = Number(bar.dataset.from);
    const until = Number(bar.dataset.until);
    const share = until > from ? Math.max(0, Math.min(1, (now() - from) / (until - from))) : 0;
    bar.firstElementChild.style.width = `${share * 100}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    const left = Math.ceil(until - now());
    bar.nextElementSibling.textContent = !until ? "stuck" : left > 0 ? `${left} s left` : "ready";
  }
}
