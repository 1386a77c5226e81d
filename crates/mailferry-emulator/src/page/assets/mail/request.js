//! The request that an open mail came by, and what it was answered.

import { get } from "../api.js";
import { el } from "../dom.js";
import { code, codeBadge, copyButton, empty, facts, pretty, section, size, time } from "../ui.js";

/** Longer bodies are not put into a command, in characters. */
const MOST = 60_000;
/** What curl writes by itself, or what is a secret. */
const LEFT_OUT = new Set(["host", "content-length", "authorization", "connection", "accept-encoding", "user-agent", "transfer-encoding", "expect"]);

export const request = (mail) => ({
  async show() {
    if (mail.request === null) return empty("There is no request", el("p", {}, mail.via === "smtp" ? "This mail came by SMTP." : "It is forgotten already: only the newest are kept."));
    return shownRequest(await get(`requests/${mail.request}`));
  },
});

/** A request to the API, whole. */
export function shownRequest(asked) {
  const { method, target, headers, body, answer, status, fault } = asked;
  return el("div", { class: "stack exchange" },
    section("Request",
      el("div", { class: "exchange-line" }, el("code", { class: "method" }, method), el("code", { class: "target" }, target), codeBadge(status),
        copyButton(() => curl(asked), { label: "Copy as curl" })),
      facts([["At", time(asked.at, { clock: true })], ["Size", size(asked.size)], ["Fault", fault ? el("strong", {}, fault) : null]]),
      headers?.length ? el("details", { class: "more" }, el("summary", {}, "Headers"), code(lines(headers), { label: "Headers of the request" })) : null,
      body ? code(pretty(body), { label: "Body of the request", look: "wrap" }) : el("p", { class: "note" }, asked.size ? "The body is no text." : "The request has no body.")),
    section("Answer", answer
      ? [
        el("div", { class: "exchange-line" }, codeBadge(answer.status)),
        code(lines(answer.headers), { label: "Headers of the answer" }),
        answer.body ? code(pretty(answer.body), { label: "Body of the answer", look: "wrap" }) : el("p", { class: "note" }, "The answer has no body."),
      ]
      : el("p", { class: "note" }, "There was no answer.")));
}

const lines = (headers) => headers.map(([name, value]) => `${name}: ${value}`).join("\n");

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A command that sends the same, with the token from the environment. All of it was written by somebody else. */
export function curl({ method, target, headers, body }) {
  const kept = (headers ?? []).filter(([name]) => !LEFT_OUT.has(name.toLowerCase()));
  const parts = [
    `curl ${method === "GET" ? "" : `-X ${/^[A-Z]+$/.test(method) ? method : quoted(method)} `}${quoted(location.origin + target)}`,
    "-H \"Authorization: Bearer $MAILERSEND_API_TOKEN\"",
    ...kept.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
  ];
  if (body) parts.push(body.length > MOST ? "--data-binary @body.json" : `--data-raw ${quoted(body)}`);
  return parts.join(" \\\n  ");
}
