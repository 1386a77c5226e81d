//! The files of an open mail.

import { el } from "../dom.js";
import { icon } from "../icons.js";
import { badge, size } from "../ui.js";
import { dimensions } from "./picture.js";

/** What the emulator shows as a picture; SVG is a document that could say more than it shows. */
const PICTURES = /^image\/(?:png|jpeg|gif|webp)$/;
/** More dots than this are not shown: a few kilobytes can become gigabytes when they are drawn. */
const MOST_DOTS = 40_000_000;

export const files = (mail) => ({ show: () => el("ul", { class: "files" }, mail.files.map(file)) });

function file({ filename, inline, id, size: bytes, content_type: type, url }) {
  const isPicture = PICTURES.test(type ?? "");
  const box = el("div", { class: isPicture ? "file-picture" : "file-icon" }, icon(isPicture ? "image" : "clip"));
  const dots = el("span");
  if (isPicture) preview(box, dots, filename, url);
  return el("li", { class: isPicture ? "card file" : "card file plain" }, box,
    el("div", { class: "file-what" },
      el("strong", {}, filename),
      el("p", { class: "help" }, [type, size(bytes)].filter(Boolean).join(", "), dots, inline ? [" ", badge("inline", "info")] : null, id ? [" ", el("code", {}, `cid:${id}`)] : null)),
    el("a", { class: "button small", href: url, download: filename }, icon("download"), el("span", {}, "Download")));
}

async function preview(box, told, filename, url) {
  try {
    const found = await dimensions(url);
    if (!found) return;
    const [width, height] = found;
    told.textContent = `, ${width} × ${height}`;
    if (width * height > MOST_DOTS) box.replaceChildren("Too many dots to be shown");
    else box.replaceChildren(el("img", { src: `${url}?inline=1`, alt: `Preview of ${filename}` }));
  } catch {
    // It can still be downloaded.
  }
}
