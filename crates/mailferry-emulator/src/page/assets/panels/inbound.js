//! Mail to the application: what inbound routes have taken, and whom they told.

import { address, get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, code, codeBadge, empty, facts, panelHead, pretty, run, section, size, table, time, toast } from "../ui.js";

export const title = "Inbound";

const AGAIN = 400;

export async function mount(root, { parameters }) {
  let id = parameters[0] ?? null;
  let ended = false;
  let timer = 0;
  let turn = 0;
  const open = new Set();

  const write = () => button("Write a mail", () => { location.hash = "#/compose"; }, { icon: "compose", look: "primary" });

  async function show() {
    const mine = ++turn;
    const [mails, routes] = await Promise.all([get("inbound"), get("inbound/routes").catch(() => [])]);
    if (ended || mine !== turn) return;
    if (id === null) {
      list(mails, routes);
      return;
    }
    const [raw, deliveries] = await Promise.all([get(`inbound/${encodeURIComponent(id)}`).catch(() => null), get("webhooks/deliveries")]);
    if (ended || mine !== turn) return;
    one(mails.find((mail) => mail.id === id), raw, routes, deliveries);
  }

  function list(mails, routes) {
    fill(root,
      panelHead(title, "Mail that people wrote to the application, and that a route has taken.", write()),
      table({
        caption: "Inbound mails, newest first",
        rows: [...mails].reverse(),
        onrow: (mail) => { location.hash = `#/inbound/${encodeURIComponent(mail.id)}`; },
        empty: routes.length
          ? empty("No mail has come in yet", el("p", {}, "Write one to a route's address; the route posts it to the application."), write())
          : empty("There is no inbound route yet", el("p", {}, "A route takes mail for its address and posts it to the application. ", el("a", { href: "#/routes" }, "Add one"), ", then write to it.")),
        columns: [
          { name: "Received", cell: (mail) => time(mail.received_at) },
          { name: "From", cell: (mail) => mail.sender || el("span", { class: "help" }, "nobody") },
          { name: "To", cell: (mail) => mail.recipients.join(", ") },
          { name: "Subject", look: "grow", cell: (mail) => el("a", { href: `#/inbound/${encodeURIComponent(mail.id)}` }, mail.subject || mail.id) },
          { name: "Route", cell: (mail) => nameOf(routes, mail.inbound_id) },
          { name: "Size", look: "number", cell: (mail) => size(mail.size) },
        ],
      }));
  }

  function one(mail, raw, routes, deliveries) {
    const back = button("All inbound mail", () => { location.hash = "#/inbound"; }, { icon: "back", look: "quiet" });
    if (!mail || raw === null) {
      fill(root, panelHead(title, null, back), empty("This mail is gone", el("p", {}, "It was deleted, or the emulator was started again.")));
      return;
    }
    const told = deliveries.filter((delivery) => delivery.body?.includes(mail.id));
    fill(root,
      panelHead(mail.subject || "An inbound mail", null, back),
      el("div", { class: "card" }, facts([
        ["Received", time(mail.received_at)],
        ["From", mail.sender || "nobody"],
        ["To", mail.recipients.join(", ")],
        ["Route", nameOf(routes, mail.inbound_id)],
        ["Id", el("code", {}, mail.id)],
        ["Size", size(mail.size)],
      ])),
      section(`Posts to the application (${told.length})`, told.length ? told.map(post) : el("p", { class: "note" }, "It was not posted yet.")),
      section("The mail", el("div", { class: "actions" }, el("a", { class: "button small", href: address(`inbound/${encodeURIComponent(mail.id)}`), download: `${mail.id}.eml` }, "Download")),
        code(raw.slice(0, 400_000), { label: "The mail as it came" })));
  }

  function post(delivery) {
    const key = delivery.number;
    const details = el("details", { class: "delivery", open: open.has(key), ontoggle: () => (details.open ? open.add(key) : open.delete(key)) },
      el("summary", {}, codeBadge(delivery.status), el("span", { class: "delivery-url" }, delivery.url), delivery.attempt > 1 ? badge(`attempt ${delivery.attempt}`) : null, time(delivery.at)),
      el("div", { class: "delivery-more" },
        facts([["Failure", delivery.error ?? null], ["Again", delivery.again_at ? time(delivery.again_at) : null], ["Signature", delivery.signature ? el("code", {}, delivery.signature) : null]]),
        code(pretty(delivery.body), { label: "Body of the post" }),
        el("div", { class: "actions" }, button("Send it again", async () => {
          await send("POST", `webhooks/deliveries/${delivery.number}/resend`);
          toast("The mail is posted again.", { look: "good" });
        }, { icon: "again", look: "small" }))));
    return details;
  }

  const again = () => {
    if (!timer) timer = setTimeout(() => {
      timer = 0;
      run(root, show);
    }, AGAIN);
  };

  await show();
  const stop = onChange(["inbound", "routes", "deliveries"], again);
  const end = () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
  end.update = (next) => {
    id = next.parameters[0] ?? null;
    run(root, show);
  };
  return end;
}

/** A route by what people call it. */
const nameOf = (routes, id) => {
  const route = routes.find((known) => known.id === id);
  return route ? route.name || route.address || id : el("code", {}, id);
};
