//! The files of an open mail.

import { el } from "../dom.js";
import { icon } from "../icons.js";
import { badge, size } from "../ui.js";

/** What the emulator shows as a picture; SVG is a document that could say more than it shows. */
const PICTURES = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/;
/** A larger picture is shown when it is asked for, in bytes. */
const SMALL = 4_000_000;

export const files = (mail) => ({ show: () => el("ul", { class: "files" }, mail.files.map(file)) });

function file({ filename, inline, id, size: bytes, content_type: type, url }) {
  const isPicture = PICTURES.test(type ?? "");
  const box = el("div", { class: "file-picture" });
  const picture = () => {
    box.replaceChildren(el("img", { src: `${url}?inline=1`, alt: `Preview of ${filename}`, loading: "lazy" }));
  };
  if (isPicture && bytes <= SMALL) picture();
  else if (isPicture) box.append(el("button", { type: "button", class: "button small", onclick: picture }, "Show the picture"));
  else box.append(icon("clip"));
  return el("li", { class: "card file" }, box,
    el("div", { class: "file-what" },
      el("strong", {}, filename),
      el("p", { class: "help" }, [type, size(bytes)].filter(Boolean).join(", "), inline ? [" ", badge("inline", "info")] : null, id ? [" ", el("code", {}, `cid:${id}`)] : null)),
    el("a", { class: "button small", href: url, download: filename }, icon("download"), el("span", {}, "Download")));
}
