//! What is shown before the first mail: how to send it.

import { el } from "../dom.js";
import { code, empty } from "../ui.js";

const MESSAGE = {
  from: { email: "shop@example.com", name: "Shop" },
  to: [{ email: "ann@example.org", name: "Ann" }],
  subject: "Hello from the harbour",
  html: "<p>Hello <b>Ann</b>, this mail went nowhere.</p>",
  text: "Hello Ann, this mail went nowhere.",
};

/** Lines for a shell, with the address of this emulator. */
export function firstMail(title) {
  const url = `${location.origin}/v1/`;
  const environment = `export MAILERSEND_API_URL=${url}\nexport MAILERSEND_API_TOKEN=mlsn.…   # as the emulator printed it`;
  const command = [
    `curl ${url}email \\`,
    "  -H \"Authorization: Bearer $MAILERSEND_API_TOKEN\" \\",
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify(MESSAGE)}'`,
  ].join("\n");
  return empty(title,
    el("p", {}, "Point a program at this address instead of MailerSend's; what it sends appears here, and goes nowhere else."),
    el("div", { class: "first" },
      el("h3", {}, "Environment"), code(environment, { label: "Environment variables", look: "wrap" }),
      el("h3", {}, "A mail to try"), code(command, { label: "A curl command", look: "wrap" })));
}
