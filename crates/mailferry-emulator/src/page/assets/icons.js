//! The page's icons: strokes on a grid of 24 by 24.

const STROKES = {
  mail: "M3 6h18v13H3zM3.5 6.5 12 13l8.5-6.5",
  inbound: "M12 3v10m-4-4 4 4 4-4M3 13h5l1.5 3h5L16 13h5v7H3z",
  templates: "M5 3h14v18H5zM8.5 8h7M8.5 12h7M8.5 16h4",
  suppressions: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM5.7 5.7l12.6 12.6",
  webhooks: "M9 7H6a5 5 0 0 0 0 10h3M15 7h3a5 5 0 0 1 0 10h-3M8 12h8",
  routes: "M4 5h5a4 4 0 0 1 4 4v6a4 4 0 0 0 4 4h3m-3-3 3 3-3 3M4 19h5",
  requests: "M4 6h16M4 12h16M4 18h10",
  faults: "M13 3 5 14h6l-1 7 8-11h-6z",
  account: "M4 15a8 8 0 1 1 16 0M12 15l4-5M8 19h8",
  compose: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  back: "M15 5l-7 7 7 7",
  clip: "M8 12.5l6-6a3 3 0 0 1 4.2 4.2l-8 8a5 5 0 0 1-7-7l7.5-7.5",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.2v.3",
  reply: "M9 6 4 11l5 5M4 11h9a7 7 0 0 1 7 7v1",
  help: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 16.7v.3",
  theme: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 3v18M12 7h6M12 12h8.6M12 17h6",
  phone: "M8 3h8v18H8zM11 18h2",
  desktop: "M3 5h18v11H3zM9 20h6M12 16v4",
  wide: "M3 6v12M21 6v12M7 12h10M9.5 9.5 7 12l2.5 2.5M14.5 9.5 17 12l-2.5 2.5",
  download: "M12 4v11m-4-4 4 4 4-4M5 20h14",
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
  clock: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 7v5l3.5 2",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 8.7v.3",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  filter: "M4 5h16l-6 8v6l-4-2v-4z",
  plus: "M12 5v14M5 12h14",
  pause: "M8 5v14M16 5v14",
};

const SVG = "http://www.w3.org/2000/svg";

/** The icon of this name, of no meaning for who hears the page. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name] ?? "");
  svg.append(path);
  return svg;
}
