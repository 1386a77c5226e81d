//! A mail to the application: written here, answered to an email, or as it is.

import { get, send } from "../api.js";
import { el, fill, freshId } from "../dom.js";
import { button, checkbox, field, form, input, panelHead, size, submit, tabs, textarea, toast } from "../ui.js";

export const title = "Write a mail";

/** What the emulator takes of one mail, in bytes. */
const MOST = 25 * 1024 * 1024;

export async function mount(root, { query }) {
  const answered = query.get("reply");
  const [routes, mail] = await Promise.all([
    get("inbound/routes").catch(() => []),
    answered ? get(`mailbox/${encodeURIComponent(answered)}`).catch(() => null) : null,
  ]);
  if (mail) {
    reply(root, mail, routes);
    return;
  }
  const shown = tabs("How to write it", [
    { id: "form", name: "Form", show: () => written(routes, query.get("to")) },
    { id: "raw", name: "Raw mail", show: () => raw(routes) },
  ]);
  fill(root,
    panelHead(title, "Somebody writes to the application: the route that listens at the address posts it there."),
    routes.length ? null : el("p", { class: "callout" }, "No inbound route listens yet, so nothing would take the mail. ", el("a", { href: "#/routes" }, "Add a route"), " first."),
    el("div", { class: "card" }, shown.element));
}

/** The addresses that routes listen at. */
const addresses = (routes) => routes.flatMap((route) => [route.address, route.domain ? `anybody@${route.domain}` : null]).filter(Boolean);

function to(routes, value) {
  const known = addresses(routes);
  const list = el("datalist", { id: freshId("routes") }, known.map((address) => el("option", { value: address })));
  const control = input({ name: "to", list: list.id, required: true, value: value ?? known[0] ?? "", inputmode: "email" });
  return { control, element: [field("To", control, { help: known.length ? "An address of a route; several are separated by commas." : null }), list] };
}

/** Tells what became of a mail, and shows it. */
function received(answer) {
  const [first] = answer.messages ?? [];
  const missed = answer.unrouted ?? [];
  toast(missed.length ? `Received; no route listens at ${missed.join(", ")}.` : "Received, and on its way to the application.", { look: "good" });
  location.hash = first ? `#/inbound/${encodeURIComponent(first.id)}` : "#/inbound";
}

function written(routes, address) {
  const from = input({ name: "from", required: true, value: "Ann Archer <ann@example.org>" });
  const target = to(routes, address);
  const subject = input({ name: "subject", value: "" });
  const text = textarea({ name: "text", rows: 8 });
  const html = textarea({ name: "html", rows: 6, class: "code-input" });
  const chosen = attachments();
  return form(async () => {
    required([from, "Say who writes."], [target.control, "Say to whom."]);
    received(await send("POST", "inbound", {
      from: from.value.trim(),
      to: target.control.value.trim(),
      subject: subject.value,
      text: text.value || null,
      html: html.value || null,
      attachments: await chosen.read(),
    }));
  },
  el("div", { class: "row" }, field("From", from), el("div", {}, target.element)),
  field("Subject", subject), field("Text", text),
  el("details", { class: "more" }, el("summary", {}, "HTML"), field("HTML", html)),
  chosen.element,
  el("div", { class: "actions" }, submit("Send to the application", { icon: "inbound" })));
}

function raw(routes) {
  const from = input({ name: "sender", value: "ann@example.org" });
  const target = to(routes);
  const source = textarea({ name: "raw", rows: 14, class: "code-input", required: true, placeholder: "From: Ann <ann@example.org>\nTo: …\nSubject: …\n\nText" });
  const file = el("input", { type: "file", accept: ".eml,message/rfc822", onchange: async () => {
    whole = file.files[0] ?? null;
    if (whole) source.value = `(${whole.name}, ${size(whole.size)})`;
    source.disabled = Boolean(whole);
  } });
  let whole = null;
  return form(async () => {
    required([target.control, "Say to whom."], ...(whole ? [] : [[source, "Paste a mail, or choose a file."]]));
    // A mail's lines end with both characters, which a text field leaves out.
    const body = whole ?? source.value.replace(/\r?\n/g, "\r\n");
    const query = new URLSearchParams({ from: from.value.trim() });
    for (const address of target.control.value.split(",")) query.append("to", address.trim());
    received(await send("POST", `inbound?${query}`, body, { type: "message/rfc822" }));
  },
  el("div", { class: "row" }, field("Envelope sender", from), el("div", {}, target.element)),
  field("A file", file, { help: "An .eml file is sent byte by byte." }), field("Or the mail as text", source),
  el("div", { class: "actions" }, submit("Send to the application", { icon: "inbound" })));
}

function reply(root, mail, routes) {
  const target = mail.reply_to ?? mail.from;
  const text = textarea({ name: "text", rows: 10, required: true });
  const quote = checkbox("Quote the mail below, as mail programs do", { checked: mail.has_text });
  const known = new Set(addresses(routes).map((address) => address.toLowerCase()));
  const isHeard = target && known.has(target.email.toLowerCase());
  fill(root,
    panelHead("Reply", `As ${mail.recipient.name || mail.recipient.email}, to “${mail.subject}”.`,
      button("Back to the mail", () => history.back(), { icon: "back", look: "quiet" })),
    el("div", { class: "card" }, form(async () => {
      required([text, "Write something."]);
      received(await send("POST", `emails/${encodeURIComponent(mail.id)}/reply`, { text: quote.box.checked ? `${text.value}\n\n${await quoted(mail)}` : text.value }));
    },
    el("p", { class: "note" }, "To ", el("code", {}, target?.email ?? "the first route"),
      isHeard ? "." : routes.length ? ", or the first route if none listens there." : "; but no route listens yet."),
    routes.length ? null : el("p", { class: "callout" }, el("a", { href: "#/routes" }, "Add a route"), " that takes the answer first."),
    field("Text", text), mail.has_text ? quote.element : null,
    el("div", { class: "actions" }, submit("Send the reply", { icon: "reply" })))));
  text.focus();
}

/** The mail's text as an answer to it has it. */
async function quoted(mail) {
  const text = await get(`emails/${encodeURIComponent(mail.id)}/text`);
  const from = mail.from?.name || mail.from?.email || "somebody";
  return [`On ${new Date(mail.at).toUTCString()}, ${from} wrote:`, ...text.trimEnd().split(/\r?\n/).map((line) => `> ${line}`)].join("\n");
}

/** Throws what is missing, and leads there. */
function required(...controls) {
  for (const [control, told] of controls) {
    if (control.value.trim()) continue;
    control.focus();
    throw new Error(told);
  }
}

/** Files to choose, and what the emulator wants of them. */
function attachments() {
  const picker = el("input", { type: "file", multiple: true, onchange: () => {
    kept.push(...picker.files);
    picker.value = "";
    draw();
  } });
  const kept = [];
  const list = el("ul", { class: "chosen" });
  const draw = () => fill(list, kept.map((file, i) => el("li", {}, `${file.name}, ${size(file.size)} `, button("", () => {
    kept.splice(i, 1);
    draw();
  }, { icon: "close", label: `Leave out ${file.name}` }))));
  return {
    element: el("div", { class: "stack" }, field("Files", picker), list),
    async read() {
      if (kept.reduce((sum, file) => sum + file.size, 0) > MOST) throw new Error(`The files are larger than ${size(MOST)} together.`);
      return Promise.all(kept.map(async (file) => ({ filename: file.name, content: await base64(file), content_type: file.type || null })));
    },
  };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(`${file.name} could not be read.`));
    reader.readAsDataURL(file);
  });
}
