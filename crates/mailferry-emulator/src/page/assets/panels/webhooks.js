//! Who is told what happened, and how they answered.

import { get, send, withQuery } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, checkbox, code, codeBadge, confirm, copyButton, count, dialog, empty, facts, field, form, input, panelHead, pretty, section, select, submit, table, time, toast } from "../ui.js";

export const title = "Webhooks";

/** The lists are read again at most this often, in milliseconds. */
const AGAIN = 500;
const LIMIT = 100;
const EVENTS = ["activity.sent", "activity.delivered", "activity.soft_bounced", "activity.hard_bounced", "activity.deferred", "activity.opened", "activity.opened_unique",
  "activity.clicked", "activity.clicked_unique", "activity.unsubscribed", "activity.spam_complaint", "activity.suppressed", "activity.survey_opened", "activity.survey_submitted",
  "sender_identity.verified", "maintenance.start", "maintenance.end", "inbound_forward.failed", "inbound_message.rejected", "email_single.verified", "email_list.verified",
  "email_list.created", "bulk_email.completed", "recipient.on_hold_added", "recipient.on_hold_removed"];

export async function mount(root, { query }) {
  let timer = 0;
  let ended = false;
  let webhooks = [];
  let routes = [];
  let deliveries = [];
  let more = false;
  const list = el("div", { class: "stack" });
  const log = el("div", { class: "stack" });
  const only = { webhook: query.get("webhook") ?? "", email: query.get("email") ?? "" };
  const receiver = select([["", "Every receiver"]]);
  const email = input({ type: "search", value: only.email, placeholder: "All emails" });

  async function load() {
    [webhooks, routes] = await Promise.all([get("webhooks"), get("inbound/routes").catch(() => [])]);
    await loadLog();
    if (ended) return;
    fill(receiver, receivers().map(([id, name]) => el("option", { value: id }, name)));
    receiver.value = only.webhook;
    fill(list, webhooks.length ? webhooks.map((webhook) => card(webhook, load)) : empty("Nobody is told yet", el("p", {}, "A webhook hears of everything that happens to emails: sent, delivered, bounced, opened, clicked."), add(load)));
  }

  async function loadLog() {
    const found = await get(withQuery("webhooks/deliveries", { ...only, limit: LIMIT + 1 }));
    more = found.length > LIMIT;
    deliveries = found.slice(-LIMIT).reverse();
    if (!ended) fill(log, posts(deliveries, new Map(receivers()), loadLog), more ? older() : null);
  }

  const older = () => button("Older", async () => {
    const before = deliveries.at(-1)?.number;
    const found = await get(withQuery("webhooks/deliveries", { ...only, before, limit: LIMIT + 1 }));
    more = found.length > LIMIT;
    deliveries = [...deliveries, ...found.slice(-LIMIT).reverse()];
    fill(log, posts(deliveries, new Map(receivers()), loadLog), more ? older() : null);
  });

  const receivers = () => [["", "Every receiver"], ...webhooks.map(({ id, name, url }) => [id, `${name}: ${url}`]),
    ...routes.flatMap(({ name, forwards }) => forwards.filter(({ id }) => id).map(({ id, value }) => [id, `Route ${name}: ${value}`]))];

  function loadSoon() {
    if (!timer) timer = setTimeout(async () => {
      timer = 0;
      await load().catch(() => {});
    }, AGAIN);
  }

  receiver.addEventListener("change", () => {
    only.webhook = receiver.value;
    loadLog().catch((error) => toast(error.message, { look: "bad" }));
  });
  email.addEventListener("change", () => {
    only.email = email.value.trim();
    loadLog().catch((error) => toast(error.message, { look: "bad" }));
  });
  fill(root,
    panelHead(title, "Who is told what happened, and how they answered.", add(load)),
    list,
    section("Posts", el("div", { class: "pair" }, field("To", receiver), field("About the email with the id", email)), log));
  await load();
  const stop = onChange(["webhooks", "deliveries", "routes"], loadSoon);
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
}

function card({ id, url, name, events, enabled, version, domain, secret }, load) {
  const change = async (body) => {
    await send("PUT", `webhooks/${id}`, body);
    await load();
  };
  const all = events.length === EVENTS.length;
  return el("article", { class: "card stack receiver", "aria-label": name },
    el("header", { class: "receiver-head" },
      el("div", {}, el("h2", {}, name, " ", enabled ? badge("on", "good") : badge("off", "bad")), el("p", { class: "url" }, url)),
      el("div", { class: "actions" },
        button("Ping", async () => {
          await send("POST", `webhooks/${id}/ping`);
          toast("A ping is on its way: see below how it is answered.");
          setTimeout(() => load().catch(() => {}), 400);
        }, { title: "Posts a test event, signed with the published test secret" }),
        button(enabled ? "Switch off" : "Switch on", () => change({ enabled: !enabled })),
        button("", async () => {
          if (!await confirm({ title: `Delete ${name}?`, text: `Nothing is posted to ${url} any longer, and what waits for it is dropped.`, action: "Delete" })) return;
          await send("DELETE", `webhooks/${id}`);
          await load();
        }, { icon: "trash", label: `Delete ${name}` }))),
    facts([
      ["Secret", el("span", { class: "secret" }, el("code", {}, secret), copyButton(secret, { label: "Copy" }))],
      ["Hears of", all ? "everything" : el("details", {}, el("summary", {}, count(events.length, "event")), el("ul", {}, events.map((event) => el("li", {}, el("code", {}, event)))))],
      ["Domain", domain ?? "all"],
      ["Version", String(version)],
    ]));
}

/** The button that adds a webhook. */
function add(load) {
  return button("Add a webhook", () => {
    const url = input({ type: "url", required: true, placeholder: "http://127.0.0.1:8000/mailersend/tracking" });
    const name = input({ placeholder: "Webhook" });
    const domain = input({ placeholder: "all domains" });
    const version = select([["2", "2, the lighter one"], ["1", "1, with the whole email"]]);
    const boxes = EVENTS.map((event) => [event, checkbox(event, { checked: true })]);
    const all = checkbox("All", { checked: true });
    all.box.addEventListener("change", () => { for (const [, { box }] of boxes) box.checked = all.box.checked; });
    const shown = dialog({
      title: "Add a webhook",
      wide: true,
      body: form(async () => {
        const events = boxes.filter(([, { box }]) => box.checked).map(([event]) => event);
        const body = { url: url.value.trim(), version: Number(version.value), events };
        if (name.value.trim()) body.name = name.value.trim();
        if (domain.value.trim()) body.domain = domain.value.trim();
        await send("POST", "webhooks", body);
        shown.close();
        await load();
      },
      field("URL", url),
      el("div", { class: "row" }, field("Name", name), field("Domain", domain), field("Version", version)),
      el("fieldset", { class: "events" }, el("legend", {}, "Events"), all.element, el("div", { class: "event-boxes" }, boxes.map(([, { element }]) => element))),
      el("div", { class: "actions" }, submit("Add"))),
    });
    url.focus();
  }, { icon: "plus", look: "primary" });
}

function posts(deliveries, names, load) {
  const retry = (number) => button("Retry", async () => {
    await send("POST", `webhooks/deliveries/${number}/resend`);
    toast("Posted again.");
    setTimeout(() => load().catch(() => {}), 400);
  }, { icon: "again" });
  return table({
    caption: "Posts to receivers, newest first",
    rows: deliveries,
    empty: empty("Nothing was posted yet"),
    onrow: (delivery) => look(delivery, names, retry),
    columns: [
      { name: "At", cell: ({ at }) => time(at, { clock: true }) },
      { name: "Event", look: "code", cell: (delivery) => el("button", { type: "button", class: "as-link", onclick: () => look(delivery, names, retry) }, delivery.event) },
      { name: "To", look: "grow", cell: ({ receiver, url }) => el("span", { title: url }, names.get(receiver)?.split(": ")[0] ?? url) },
      { name: "Attempt", look: "number", cell: ({ attempt }) => String(attempt) },
      { name: "Answer", cell: ({ status, fault }) => [codeBadge(status), fault ? [" ", badge(fault, "warn")] : null] },
      { name: "Again", cell: ({ again_at: again }) => again ? time(again) : "–" },
      { name: "Actions", look: "actions", cell: ({ number }) => retry(number) },
    ],
  });
}

/** One post, whole. */
function look({ number, event, receiver, url, body, signature, attempt, at, status, error, again_at: again, fault, email_id: email }, names, retry) {
  dialog({
    title: event,
    wide: true,
    body: [
      facts([
        ["To", names.get(receiver) ?? url],
        ["Posted", time(at, { clock: true })],
        ["Attempt", String(attempt)],
        ["Answer", [codeBadge(status), error ? ` ${error}` : null]],
        ["Again", again ? time(again) : null],
        ["Fault", fault ? badge(fault, "warn") : null],
        ["Email", email ? el("a", { href: `#/mail/${encodeURIComponent(email)}` }, email) : null],
      ]),
      section("Headers", code(`POST ${url}\ncontent-type: application/json\nsignature: ${signature}`, { label: "Headers" })),
      section("Body", body === null ? el("p", {}, "The body is no text.") : [code(pretty(body), { label: "Body", look: "wrap", copy: false }), el("div", { class: "actions" }, copyButton(body, { label: "Copy the exact bytes", look: "" }))]),
    ],
    actions: [retry(number)],
  });
}
