//! The plain parts of an open mail: text, source, headers, warnings.

import { address, get } from "../api.js";
import { el } from "../dom.js";
import { icon } from "../icons.js";
import { badge, code, size, table, words } from "../ui.js";

/** More than this of a text is not drawn, in characters: a browser takes seconds for it. */
const MOST = 400_000;

const of = (mail, part) => `emails/${encodeURIComponent(mail.id)}/${part}`;

/** A text, and where the rest of it is when it is too long to be shown. */
function shown(text, path, options) {
  if (text.length <= MOST) return code(text, options);
  return el("div", { class: "stack" },
    el("p", { class: "note" }, `The first ${size(MOST)} of ${size(text.length)}. `, el("a", { href: address(path), download: "" }, "Download all of it"), "."),
    code(text.slice(0, MOST), { ...options, copy: false }));
}

export const text = (mail) => ({
  show: async () => shown(await get(of(mail, "text")), of(mail, "text"), { label: "Text of the mail", look: "wrap tall letter" }),
});

export const source = (mail) => ({
  show: async () => shown(await get(of(mail, "source")), of(mail, "source"), { label: "Source of the mail", look: "tall" }),
});

export const headers = (mail) => ({
  show: () => table({
    caption: "Headers of the mail",
    rows: mail.headers,
    empty: el("p", { class: "note" }, "The mail has no headers of its own."),
    columns: [
      { name: "Name", look: "keep", cell: ([name]) => el("strong", {}, name) },
      { name: "Value", look: "grow code", cell: ([, value]) => value },
    ],
  }),
});

export const warnings = (mail) => ({
  show: () => el("ul", { class: "warnings" }, mail.warnings.map(({ field, kind, name, text: told }) => el("li", {}, icon("warning"),
    el("div", {},
      el("p", {}, told),
      el("p", { class: "help" }, [badge(words(kind), "warn"), " in ", field, name ? [": ", el("code", {}, name)] : null]))))),
});
