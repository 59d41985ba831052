// Icons as SVG nodes, drawn on a 24-unit grid with the current text colour.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  hash: ["M10 3 8 21M16 3l-2 18M4 8.5h17M3 15.5h17"],
  thread: ["M4 5h16v11h-7l-4 4v-4H4z", "M8 9h8M8 12h5"],
  at: ["M16 8v5a2.5 2.5 0 0 0 5 0v-1a9 9 0 1 0-3.5 7.1", "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z"],
  menu: ["M4 6h16M4 12h16M4 18h16"],
  reply: ["M10 5 4 11l6 6", "M4 11h9a7 7 0 0 1 7 7v1"],
  more: ["M5 12h.01M12 12h.01M19 12h.01"],
  plus: ["M12 5v14M5 12h14"],
  send: ["M4 4l17 8-17 8 3-8z", "M7 12h9"],
  close: ["M6 6l12 12M18 6 6 18"],
  trash: ["M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5"],
  copy: ["M9 9h11v11H9z", "M15 9V4H4v11h5"],
  apps: ["M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z"],
  eye: ["M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
  file: ["M6 3h8l5 5v13H6z", "M14 3v5h5"],
  image: ["M4 5h16v14H4z", "M8 10h.01M4 17l5-5 4 4 3-3 4 4"],
  film: ["M4 5h16v14H4z", "M8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4"],
  alert: ["M12 4 2.5 20h19z", "M12 10v4M12 17h.01"],
  chevron: ["M9 6l6 6-6 6"],
  slash: ["M16 4 8 20"],
  bolt: ["M13 3 5 14h6l-1 7 8-11h-6z"],
  user: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4 21a8 8 0 0 1 16 0"],
  check: ["M5 13l4 4L19 7"],
  download: ["M12 4v11M7 11l5 5 5-5M5 20h14"],
};

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  const wide = name === "more" ? "3.2" : "2";
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": wide,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  }))
    svg.setAttribute(key, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
