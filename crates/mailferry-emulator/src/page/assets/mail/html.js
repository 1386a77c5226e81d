//! The HTML of an open mail, in a frame that may run nothing and fetch nothing.

import { address, withQuery } from "../api.js";
import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { button } from "../ui.js";

/** Widths, in pixels, by the icon of their button. */
const WIDTHS = [
  { name: "phone", label: "As wide as a phone", width: 390 },
  { name: "desktop", label: "As wide as a mail on a desktop", width: 700 },
  { name: "wide", label: "As wide as there is room", width: null },
];
const KEPT = "mailferry-width";

/** Which mails may fetch what they want, until the page is closed. */
const allowed = new Set();

export const html = (mail) => ({
  show() {
    const box = el("div", { class: "frame-box" });
    const note = el("div", { class: "frame-note" });
    const widths = WIDTHS.map(({ name, label }) => button("", () => setWidth(name), { icon: name, label }));
    const draw = () => {
      const isAllowed = allowed.has(mail.id);
      fill(note, isAllowed
        ? [el("span", {}, "Remote content is loaded."), button("Block it", () => change(false), { look: "small quiet" })]
        : [el("span", {}, "Remote content is blocked."), button("Load it", () => change(true), { look: "small", icon: "image" })]);
      box.replaceChildren(frame(mail, isAllowed));
    };
    const change = (isAllowed) => {
      if (isAllowed) allowed.add(mail.id);
      else allowed.delete(mail.id);
      draw();
    };
    const setWidth = (name) => {
      const { width } = WIDTHS.find((one) => one.name === name) ?? WIDTHS.at(-1);
      box.style.maxWidth = width ? `${width}px` : "";
      WIDTHS.forEach((one, i) => widths[i].setAttribute("aria-pressed", String(one.name === name)));
      keep(name);
    };
    setWidth(kept());
    draw();
    return el("div", { class: "html-tab" },
      el("div", { class: "frame-bar" }, note, el("div", { class: "frame-widths", role: "group", "aria-label": "Width" }, widths,
        el("a", { class: "icon-button", href: path(mail, allowed.has(mail.id)), target: "_blank", rel: "noreferrer noopener", "aria-label": "Open in a tab of its own", title: "Open in a tab of its own" }, icon("open")))),
      box);
  },
});

const path = (mail, remote) => address(withQuery(`emails/${encodeURIComponent(mail.id)}/html`, { remote: remote ? 1 : null }));

/** Without `allow-scripts` and `allow-same-origin` nothing in it runs, and it is of an origin of its own. */
const frame = (mail, remote) => el("iframe", {
  class: "mail-frame",
  title: `HTML of the mail “${mail.subject}”`,
  sandbox: "allow-popups allow-popups-to-escape-sandbox",
  referrerpolicy: "no-referrer",
  src: path(mail, remote),
});

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "wide";
  } catch {
    return "wide";
  }
}

function keep(name) {
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // It holds for this mail.
  }
}
