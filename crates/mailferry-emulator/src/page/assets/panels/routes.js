//! Where mail comes in, and whom it is posted to.

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, confirm, copyButton, dialog, empty, facts, field, form, input, panelHead, submit } from "../ui.js";

export const title = "Routes";

export async function mount(root) {
  let ended = false;
  const list = el("div", { class: "stack" });

  async function load() {
    const routes = await get("inbound/routes");
    if (ended) return;
    fill(list, routes.length ? routes.map((route) => card(route, load)) : empty("No route listens yet", el("p", {}, "A route takes mail for an address, and posts it to your application as MailerSend would."), add(load)));
  }

  fill(root, panelHead(title, "Where mail to the application arrives, and whom it is posted to.", add(load)), list);
  await load();
  const stop = onChange(["routes"], () => load().catch(() => {}));
  return () => {
    ended = true;
    stop();
  };
}

function card({ id, name, address, domain, enabled, priority, forwards, filters }, load) {
  return el("article", { class: "card stack receiver", "aria-label": name },
    el("header", { class: "receiver-head" },
      el("div", {}, el("h2", {}, name, " ", enabled ? null : badge("off", "bad")), el("p", { class: "url" }, address, copyButton(address))),
      el("div", { class: "actions" },
        el("a", { class: "button", href: `#/compose?to=${encodeURIComponent(address)}` }, "Compose a mail to it"),
        button("", async () => {
          if (!await confirm({ title: `Delete ${name}?`, text: `Mail to ${address} is not taken any longer.`, action: "Delete" })) return;
          await send("DELETE", `inbound/routes/${id}`);
          await load();
        }, { icon: "trash", label: `Delete ${name}` }))),
    facts([
      ["Domain", domain ? `everything at ${domain}, too` : null],
      ...forwards.map((forward) => [forward.type === "webhook" ? "Posted to" : "Forwarded to", el("div", {},
        el("p", { class: "url" }, forward.value),
        forward.id ? el("p", {}, el("a", { href: `#/webhooks?webhook=${encodeURIComponent(forward.id)}` }, "Posts to it")) : el("p", { class: "help" }, "The emulator sends no mail."))]),
      ...forwards.filter(({ secret }) => secret).map(({ secret }) => ["Secret", el("span", { class: "secret" }, el("code", {}, secret), copyButton(secret))]),
      ["Wants only", filters.length ? el("ul", {}, filters.map(({ type, key, comparer, value }) => el("li", {}, el("code", {}, [type, key, comparer, value].filter(Boolean).join(" "))))) : null],
      ["Priority", priority ? String(priority) : null],
    ]));
}

/** The button that adds a route. */
function add(load) {
  return button("Add a route", () => {
    const url = input({ type: "url", required: true, placeholder: "http://127.0.0.1:8000/mailersend/inbound" });
    const name = input({ placeholder: "Inbound" });
    const domain = input({ placeholder: "support.example.com" });
    const shown = dialog({
      title: "Add an inbound route",
      body: form(async () => {
        const body = { url: url.value.trim() };
        if (name.value.trim()) body.name = name.value.trim();
        if (domain.value.trim()) body.domain = domain.value.trim();
        await send("POST", "inbound/routes", body);
        shown.close();
        await load();
      },
      field("URL", url, { help: "Mails are posted there, signed." }),
      field("Name", name),
      field("Domain", domain, { help: "Takes mail for every address there, beside the one that is made up." }),
      el("div", { class: "actions" }, submit("Add"))),
    });
    url.focus();
  }, { icon: "plus", look: "primary" });
}
