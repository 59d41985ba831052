// Files waiting in the message box, with a small picture of each.

import { $, bytes, el } from "./dom.js";
import { icon } from "./icons.js";
import { emit, subscribe } from "./store.js";
import { toast } from "./toast.js";

const MAX_FILES = 10;
let files = [];

export const countFiles = () => files.length;

export function startUploads() {
  subscribe("place", () => {
    files = [];
    draw();
  });
}

export function addFiles(more) {
  files = [...files, ...more];
  if (files.length > MAX_FILES) {
    files = files.slice(0, MAX_FILES);
    toast({ title: `A message takes ${MAX_FILES} files` });
  }
  draw();
}

export function takeFiles() {
  const taken = files;
  files = [];
  draw();
  return taken;
}

function draw() {
  $("uploads").hidden = !files.length;
  $("uploads").replaceChildren(...files.map(tile));
  emit("uploads");
}

function tile(file) {
  const picture = el(
    "div",
    { class: "upload-picture" },
    icon(file.type.startsWith("video/") ? "film" : "file", 34),
  );
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
    const reader = new FileReader();
    reader.onload = () => picture.replaceChildren(el("img", { src: reader.result, alt: "" }));
    reader.readAsDataURL(file);
  }
  return el(
    "figure",
    { class: "upload" },
    picture,
    el("figcaption", {}, el("span", { text: file.name }), el("small", { text: bytes(file.size) })),
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": `Remove ${file.name}`,
        on: {
          click: () => {
            files = files.filter((f) => f !== file);
            draw();
            $("box").focus();
          },
        },
      },
      icon("trash", 16),
    ),
  );
}
