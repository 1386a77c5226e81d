//! The keyboard: what a panel listens for, and the help about it.

import { el } from "./dom.js";
import { dialog } from "./ui.js";

const KEYS = [
  [["j"], "Next mail"],
  [["k"], "Previous mail"],
  [["Enter"], "Open the chosen mail"],
  [["Esc"], "Back to the list, or close what is open"],
  [["/"], "Search"],
  [["r"], "Reply to the open mail"],
  [["u"], "Load again"],
  [["1"], "to", ["9"], "A tab of the open mail"],
  [["#"], "Delete the open mail"],
  [["c"], "Write a mail to the application"],
  [["g"], "then", ["m"], "Go to the mails; with i inbound, t templates, w webhooks, r routes, s suppressions, q requests, f faults, a account"],
  [["?"], "This help"],
];
const WORDS = [
  ["invoice 42", "mails with both words in the subject, an address or the text"],
  ["\"new order\"", "these words in a row"],
  ["to:ann from:shop", "a recipient and a sender"],
  ["subject:welcome", "a word of the subject"],
  ["tag:newsletter", "a tag"],
  ["status:rejected", "queued, sent, delivered or rejected"],
  ["is:opened", "or clicked, unsubscribed, complained, held, scheduled"],
  ["has:attachment", "mails with files; or image, html, text, tag, template, warning"],
  ["before:2026-03-01", "and after:, by day or by time"],
  ["template:ID", "made from a template"],
  ["via:smtp", "how it was sent: api, bulk or smtp"],
  ["-tag:test", "not these"],
];
const PLACES = { m: "", i: "inbound", t: "templates", w: "webhooks", r: "routes", s: "suppressions", q: "requests", f: "faults", a: "account" };

const bindings = new Map();
let waitsForPlace = false;

/** Calls `callback` when `key` is pressed outside of fields; gives the function that ends it. */
export function onKey(key, callback) {
  bindings.set(key, callback);
  return () => {
    if (bindings.get(key) === callback) bindings.delete(key);
  };
}

const isWriting = (target) => target.closest?.("input, textarea, select, [contenteditable]");

/** Finds what is bound to the key of `event`. */
export function handleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (isWriting(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (waitsForPlace) {
    waitsForPlace = false;
    if (event.key in PLACES) {
      event.preventDefault();
      location.hash = `#/${PLACES[event.key]}`;
    }
    return;
  }
  if (event.key === "g") waitsForPlace = true;
  else if (event.key === "?") showHelp();
  else if (event.key === "c") location.hash = "#/compose";
  else {
    // A link or a button has Enter for itself.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const callback = bindings.get(event.key);
    if (!callback) return;
    callback(event);
  }
  event.preventDefault();
}

const shownKeys = (parts) => parts.map((part) => (Array.isArray(part) ? el("kbd", {}, part[0]) : ` ${part} `));

/** The keys and the words of the search. */
export function showHelp() {
  const keys = el("dl", { class: "keys" }, KEYS.map((row) => el("div", {}, el("dt", {}, shownKeys(row.slice(0, -1))), el("dd", {}, row.at(-1)))));
  dialog({
    title: "Keyboard and search",
    wide: true,
    body: el("div", { class: "help-columns" }, el("section", {}, el("h3", {}, "Keyboard"), keys),
      el("section", {}, el("h3", {}, "Search"), searchHelp())),
  });
}

/** The words that the search knows. */
export const searchHelp = () => el("dl", { class: "keys search-words" },
  WORDS.map(([word, meaning]) => el("div", {}, el("dt", {}, el("code", {}, word)), el("dd", {}, meaning))));
