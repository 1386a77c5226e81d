//! Everybody an open mail's message went to, and what became of it for each.

import { el } from "../dom.js";
import { badge, statusBadge, table, who, words } from "../ui.js";
import { hashOf } from "./list.js";

export function recipients(mail) {
  const box = el("div");
  const draw = () => box.replaceChildren(shown(mail()));
  return {
    show() {
      draw();
      return box;
    },
    update: draw,
  };
}

const shown = (mail) => el("div", { class: "stack" },
  el("p", { class: "note" }, "Each reads a mail of their own, with what personalization made of it."),
  table({
    caption: "Recipients of the message",
    rows: mail.recipients,
    columns: [
      { name: "Recipient", look: "grow", cell: (recipient) => [recipient.role === "to" ? null : [badge(recipient.role), " "], who(recipient)] },
      { name: "Status", cell: ({ status, reasons }) => (status ? statusBadge(status) : [badge("suppressed", "bad"), reasons?.length ? ` ${reasons.map(words).join(", ")}` : null]) },
      {
        name: "What they read",
        look: "actions",
        cell: ({ email_id: id }) => {
          if (id === null) return el("span", { class: "help" }, "not sent");
          return id === mail.id ? el("span", { class: "help" }, "this mail") : el("a", { class: "button small", href: hashOf(id) }, "Show");
        },
      },
    ],
  }));
