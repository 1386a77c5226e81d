//! What the recipient or their mail server can be made to do.

import { get, send, withQuery } from "../api.js";
import { el } from "../dom.js";
import { button, dialog, toast } from "../ui.js";

/** Status by status, what the mail's server may still do; a person can react to what is sent or delivered. */
const SERVER = [
  ["deliver", "Deliver", "The mail is delivered."],
  ["defer", "Defer", "The server asks to try later."],
  ["soft-bounce", "Soft bounce", "The mail bounced, for now."],
  ["hard-bounce", "Hard bounce", "The mail bounced, for good. The address is on the list of hard bounces."],
];
const PERSON = [
  ["open", "Open", "The mail is opened."],
  ["click", "Click…", "The link is clicked."],
  ["unsubscribe", "Unsubscribe", "The recipient has unsubscribed."],
  ["complain", "Complain", "The recipient calls it spam."],
];

const WHY = {
  queued: "The mail is not sent yet.",
  delivered: "The mail is delivered already.",
  rejected: "The mail has bounced already.",
};

/** The buttons of `mail`; `done` is called after each. */
export function reactions(mail, done) {
  const ofServer = mail.status === "sent";
  const ofPerson = ofServer || mail.status === "delivered";
  const one = (enabled) => ([name, label, told]) => button(label, async () => {
    const more = name === "click" ? await link(mail) : {};
    if (!more) return;
    await send("POST", withQuery(`emails/${encodeURIComponent(mail.id)}/${name}`, more));
    toast(told, { look: "good" });
    await done();
  }, { look: "small", disabled: !enabled, title: enabled ? null : WHY[mail.status] });
  return [
    el("span", { class: "reactions-part" }, el("span", { class: "reactions-who" }, "Server"), SERVER.map(one(ofServer))),
    el("span", { class: "reactions-part" }, el("span", { class: "reactions-who" }, "Reader"), PERSON.map(one(ofPerson))),
  ];
}

/** Which link is clicked; null when none is. */
async function link(mail) {
  const links = mail.has_html ? linksOf(await get(`emails/${encodeURIComponent(mail.id)}/html?raw=1`)) : [];
  if (!links.length) {
    toast("The mail's HTML has no link to click.");
    return null;
  }
  if (links.length === 1) return { url: links[0].url };
  return new Promise((resolve) => {
    let chosen = null;
    const shown = dialog({
      title: "Which link?",
      body: el("ul", { class: "links" }, links.map(({ url, text }) => el("li", {}, el("button", {
        type: "button",
        class: "link-choice",
        onclick: () => {
          chosen = { url };
          shown.close();
        },
      }, el("span", {}, text || "(without text)"), el("code", {}, url))))),
      onclose: () => resolve(chosen),
    });
  });
}

/** The links of HTML. A document that is only parsed has no window: nothing in it runs or is fetched. */
function linksOf(html) {
  const document = new DOMParser().parseFromString(html, "text/html");
  const found = new Map();
  for (const node of document.querySelectorAll("a[href]")) {
    const url = node.getAttribute("href").trim();
    if (/^https?:/i.test(url) && !found.has(url)) found.set(url, { url, text: node.textContent.trim().slice(0, 80) });
  }
  return [...found.values()];
}
