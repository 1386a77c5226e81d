//! What happened to an open mail, what will, and who was told of it.

import { send } from "../api.js";
import { el } from "../dom.js";
import { badge, button, code, codeBadge, facts, pretty, time, toast, words } from "../ui.js";

const TONES = {
  queued: "", sent: "info", delivered: "good", opened: "good", opened_unique: "good", clicked: "good", clicked_unique: "good",
  survey_opened: "good", survey_submitted: "good", deferred: "warn", soft_bounced: "warn", unsubscribed: "warn",
  hard_bounced: "bad", spam_complaint: "bad", spam_complaints: "bad", suppressed: "bad",
};

/** `mail` gives the newest state of it; `done` is called after something was posted again. */
export function timeline(mail, done) {
  const list = el("ol", { class: "timeline" });
  const open = new Set();

  function draw() {
    const { at, timeline: happened, planned, deliveries } = mail();
    const byNumber = new Map(deliveries.map((delivery) => [delivery.number, delivery]));
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const hasFirst = happened.some((event) => event.kind === "queued");
    list.replaceChildren(
      ...(hasFirst ? [] : [entry({ at, kind: "accepted" })]),
      ...happened.map((event) => entry(event, event.deliveries.map((number) => byNumber.get(number)).filter(Boolean))),
      ...planned.map((event) => entry(event, [], true)),
    );
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  const entry = ({ at, kind, url, reason }, told = [], isPlanned = false) => el("li", { class: `event ${TONES[kind] ?? ""} ${isPlanned ? "planned" : ""}` },
    el("div", { class: "event-line" }, el("strong", {}, words(kind)), isPlanned ? badge("planned") : null,
      isPlanned && !at ? el("span", { class: "event-then" }, "after that") : time(at, { clock: !isPlanned })),
    url ? el("p", { class: "event-more" }, el("code", {}, url)) : null,
    reason ? el("p", { class: "event-more" }, reason) : null,
    told.map(delivery));

  function delivery(one) {
    const key = `delivery-${one.number}`;
    const details = el("details", { class: "delivery", open: open.has(key), ontoggle: () => {
      if (details.open) open.add(key);
      else open.delete(key);
    } },
      el("summary", { data: { key } }, codeBadge(one.status), el("span", { class: "delivery-url" }, one.url),
        one.attempt > 1 ? el("span", { class: "help" }, `attempt ${one.attempt}`) : null),
      el("div", { class: "delivery-more" },
        facts([
          ["Event", el("code", {}, one.event)],
          ["Posted", time(one.at, { clock: true })],
          ["Failure", one.error ?? null],
          ["Again", one.again_at ? time(one.again_at) : null],
          ["Signature", one.signature ? el("code", {}, one.signature) : null],
        ]),
        one.body === null ? null : code(pretty(one.body), { label: "Body of the webhook", look: "wrap" }),
        el("div", { class: "actions" }, button("Send it again", async () => {
          await send("POST", `webhooks/deliveries/${one.number}/resend`);
          toast("The webhook is posted again.", { look: "good" });
          await done();
        }, { icon: "again", look: "small" }))));
    return details;
  }

  return {
    show() {
      draw();
      return list;
    },
    update: draw,
  };
}
