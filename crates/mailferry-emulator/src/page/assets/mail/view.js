//! An open mail: its head, what can be made to happen to it, and its tabs.

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, empty, facts, statusBadge, tabs, time, who, words } from "../ui.js";
import { reactions } from "./actions.js";
import { headers, source, text, warnings } from "./content.js";
import { files } from "./files.js";
import { html } from "./html.js";
import { recipients } from "./recipients.js";
import { request } from "./request.js";
import { timeline } from "./timeline.js";

/** What happens often is read again at most this often, in milliseconds. */
const AGAIN = 400;

export function mountView(root, { id, tab, onclose, ondelete, ontab }) {
  const path = `mailbox/${encodeURIComponent(id)}`;
  const head = el("header", { class: "view-head" });
  const bar = el("div", { class: "reactions", role: "group", "aria-label": "Let something happen to this mail" });
  const body = el("div", { class: "view-body" });
  let mail = null;
  let tabbed = null;
  let ended = false;
  let timer = 0;
  let wanted = tab;

  fill(root, el("div", { class: "view-scroll" }, head, bar, body));
  const back = button("", onclose, { icon: "back", label: "Back to the list", look: "view-back" });

  async function load() {
    try {
      const answer = await get(path);
      if (ended) return;
      const isFirst = mail === null;
      mail = answer;
      drawHead();
      if (isFirst) drawTabs();
      else tabbed.update();
    } catch (error) {
      if (ended) return;
      if (error.status === 404) {
        mail = null;
        fill(head, back);
        fill(bar);
        fill(body, empty("This mail is gone", el("p", {}, "It was deleted, or the emulator was started again."), button("Back to the list", onclose)));
      } else if (mail === null) {
        fill(head, back);
        fill(body, empty("This mail could not be read", el("p", {}, error.message), button("Try again", load)));
      }
    }
  }

  function loadSoon() {
    if (!timer) timer = setTimeout(() => {
      timer = 0;
      load();
    }, AGAIN);
  }

  function drawHead() {
    const { from, recipient, role, tags, template_id: template, held, interactions, send_at: due } = mail;
    fill(head,
      el("div", { class: "view-top" }, back,
        el("h1", {}, mail.subject || "(no subject)"),
        el("div", { class: "actions" },
          button("Reply", reply, { icon: "reply", look: "view-reply" }),
          button("", ondelete, { icon: "trash", label: "Delete this mail" }))),
      el("div", { class: "view-who" },
        from ? who(from) : null, el("span", { class: "arrow", "aria-label": "to" }, "→"), who(recipient), role === "to" ? null : badge(role),
        el("span", { class: "view-at" }, time(mail.at))),
      el("div", { class: "view-marks" },
        statusBadge(mail.status), held ? badge("held back", "warn") : null,
        interactions.map((name) => statusBadge(name)),
        mail.via && mail.via !== "api" ? badge(`by ${words(mail.via)}`, "info") : null,
        due && mail.status === "queued" ? badge(["due ", time(due)], "info") : null,
        tags.map((tag) => el("span", { class: "tag" }, tag)),
        template ? el("a", { class: "tag", href: `#/templates/${encodeURIComponent(template)}` }, `template ${template}`) : null));
    fill(bar, reactions(mail, load));
  }

  function drawTabs() {
    const parts = [
      mail.has_html ? { id: "html", name: "HTML", part: html(mail) } : null,
      mail.has_text ? { id: "text", name: "Text", part: text(mail) } : null,
      { id: "timeline", name: "Timeline", part: timeline(() => mail, load) },
      { id: "recipients", name: "Recipients", count: mail.recipients.length, part: recipients(() => mail) },
      mail.files.length ? { id: "files", name: "Files", count: mail.files.length, part: files(mail) } : null,
      mail.warnings.length ? { id: "warnings", name: "Warnings", count: mail.warnings.length, tone: "warn", part: warnings(mail) } : null,
      { id: "headers", name: "Headers", part: { show: () => el("div", { class: "stack" }, details(mail), headers(mail).show()) } },
      { id: "source", name: "Source", part: source(mail) },
      { id: "request", name: "Request", part: request(mail) },
    ].filter(Boolean);
    const shown = tabs("Parts of the mail", parts.map(({ part, ...item }) => ({ ...item, show: () => part.show() })), {
      selected: parts.some((part) => part.id === wanted) ? wanted : parts[0].id,
      onselect: ontab,
    });
    fill(body, shown.element);
    tabbed = {
      ids: parts.map((part) => part.id),
      select: shown.select,
      get selected() { return shown.selected; },
      // Only what changes is drawn again: a frame would lose its place.
      update: () => parts.find((part) => part.id === shown.selected)?.part.update?.(),
    };
  }

  function reply() {
    if (mail) location.hash = `#/compose?reply=${encodeURIComponent(mail.id)}`;
  }

  load();
  const stop = onChange(["mail", "deliveries"], (change) => {
    const isIts = change.reset || change.rows?.some((row) => row.id === id || row.message_id === mail?.message_id)
      || change.removed?.includes(id) || change.areas?.includes("deliveries");
    if (isIts) loadSoon();
  });

  return {
    get tab() { return tabbed?.selected === tabbed?.ids[0] ? "" : tabbed?.selected ?? ""; },
    get message() { return mail?.message_id ?? null; },
    reload: load,
    reply,
    select(next) {
      wanted = next;
      if (tabbed) tabbed.select(next && tabbed.ids.includes(next) ? next : tabbed.ids[0], { quiet: true });
    },
    selectAt(position) {
      if (tabbed && position < tabbed.ids.length) tabbed.select(tabbed.ids[position]);
    },
    end() {
      ended = true;
      clearTimeout(timer);
      stop();
    },
  };
}

function details(mail) {
  const { settings, tracking } = mail;
  const list = (people) => people?.length ? people.map(who) : null;
  return el("div", { class: "card" }, facts([
    ["Email id", el("code", {}, mail.id)],
    ["Message id", el("code", {}, mail.message_id)],
    ["Bulk send", mail.bulk_email_id ? el("code", {}, mail.bulk_email_id) : null],
    ["Sent by", mail.via ?? null],
    ["Accepted", time(mail.at)],
    ["To be sent", mail.send_at ? time(mail.send_at) : null],
    ["To", list(mail.to)],
    ["Cc", list(mail.cc)],
    ["Reply to", mail.reply_to ? who(mail.reply_to) : null],
    ["Template", mail.template_id ? el("code", {}, mail.template_id) : null],
    ["Tags", mail.tags.length ? mail.tags.map((tag) => el("span", { class: "tag" }, tag)) : null],
    ["Tracking", tracking ? [tracking.opens ? "opens" : null, tracking.clicks ? "clicks" : null].filter(Boolean).join(" and ") || "none" : null],
    ["Settings", settings && Object.keys(settings).length ? el("code", {}, JSON.stringify(settings)) : null],
  ]));
}
