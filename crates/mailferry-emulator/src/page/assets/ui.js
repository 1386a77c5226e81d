//! The parts that panels are made of, so that all of them look and behave alike.

import { append, el, fill, freshId } from "./dom.js";
import { icon } from "./icons.js";

/** A button. `look` is `primary`, `quiet` or `danger`; an `icon` alone needs a `label` for who hears the page. */
export function button(text, onclick, { look = "", icon: name, label, title, disabled = false, ...rest } = {}) {
  const shape = text ? "button" : "icon-button";
  const node = el("button", { type: "button", class: `${shape} ${look}`, "aria-label": label, title: title ?? (text ? null : label), disabled, ...rest },
    name ? icon(name) : null, text ? el("span", {}, text) : null);
  if (onclick) node.addEventListener("click", (event) => run(node, () => onclick(event)));
  return node;
}

/** Runs `work` with `control` switched off meanwhile, and tells in a toast what went wrong. */
export async function run(control, work) {
  if (control.getAttribute("aria-busy") === "true") return undefined;
  control.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, { look: "bad" });
    return undefined;
  } finally {
    control.removeAttribute("aria-busy");
  }
}

/** A sentence at the edge of the page that goes away by itself. `look` is `good`, `bad` or nothing. */
export function toast(text, { look = "" } = {}) {
  const box = document.getElementById("toasts");
  const node = el("div", { class: `toast ${look}` }, el("span", {}, text));
  const away = () => node.remove();
  node.append(button("", away, { icon: "close", label: "Close", look: "quiet" }));
  while (box.childElementCount >= 4) box.firstElementChild.remove();
  box.append(node);
  setTimeout(away, look === "bad" ? 10_000 : 5_000);
}

/** Says `text` to who hears the page. */
export function announce(text) {
  const box = document.getElementById("announcer");
  box.textContent = "";
  requestAnimationFrame(() => {
    box.textContent = text;
  });
}

/** A dialog over the page. Gives `{element, close}`; `onclose` is called once it is gone. */
export function dialog({ title, body, actions = [], wide = false, onclose }) {
  const name = freshId("dialog");
  const node = el("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": name });
  const close = () => node.close();
  append(node, [
    el("header", { class: "dialog-head" }, el("h2", { id: name }, title), button("", close, { icon: "close", label: "Close", look: "quiet" })),
    el("div", { class: "dialog-body" }, body),
    actions.length ? el("footer", { class: "dialog-foot" }, actions) : null,
  ]);
  node.addEventListener("close", () => {
    node.remove();
    onclose?.();
  });
  node.addEventListener("click", (event) => {
    if (event.target === node) close();
  });
  document.body.append(node);
  node.showModal();
  return { element: node, close };
}

/** Asks before something is done that cannot be taken back. Gives a promise of yes or no. */
export function confirm({ title, text, action, danger = true }) {
  return new Promise((resolve) => {
    let answer = false;
    const yes = button(action, () => {
      answer = true;
      shown.close();
    }, { look: danger ? "danger" : "primary" });
    const shown = dialog({
      title,
      body: el("p", {}, text),
      actions: [button("Cancel", () => shown.close()), yes],
      onclose: () => resolve(answer),
    });
    yes.focus();
  });
}

/**
 * A table in a box that scrolls. `columns` are `{name, cell(row), look}`, where `look` is `number`, `code`, `grow`,
 * `keep` (one line) or `actions`; `empty` is what is shown instead of no rows. `onrow(row)` makes rows something to click on: their first cell
 * should then have a link or button, too.
 */
export function table({ caption, columns, rows, empty: nothing, onrow }) {
  if (!rows.length && nothing) return nothing;
  const head = el("tr", {}, columns.map(({ name, look }) => el("th", { scope: "col", class: look },
    look === "actions" ? el("span", { class: "visually-hidden" }, name) : name)));
  const body = rows.map((row) => el("tr", { class: onrow ? "pick" : null, onclick: onrow ? (event) => {
    if (!event.target.closest("a, button, input, select, label")) onrow(row);
  } : null }, columns.map(({ cell, look }) => el("td", { class: look }, cell(row)))));
  return el("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "visually-hidden" }, caption), el("thead", {}, head), el("tbody", {}, body)));
}

/** A control with its label, and with `help` below. `control` gets an id if it has none. */
export function field(label, control, { help, inline = false } = {}) {
  control.id ||= freshId("field");
  const helped = help ? el("p", { class: "help", id: `${control.id}-help` }, help) : null;
  if (helped) control.setAttribute("aria-describedby", helped.id);
  return el("div", { class: inline ? "field inline" : "field" }, el("label", { for: control.id }, label), control, helped);
}

export const input = (attributes) => el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
export const textarea = (attributes) => el("textarea", { rows: 6, spellcheck: "false", ...attributes });

/** A choice. `options` are texts, or pairs of value and text. */
export function select(options, { value, ...attributes } = {}) {
  const node = el("select", attributes, options.map((option) => {
    const [is, text] = Array.isArray(option) ? option : [option, option];
    return el("option", { value: is }, text);
  }));
  if (value !== undefined) node.value = value;
  return node;
}

/** A switch with its label beside it. */
export function checkbox(label, { checked = false, ...attributes } = {}) {
  const box = el("input", { type: "checkbox", checked, ...attributes });
  return { element: el("label", { class: "check" }, box, el("span", {}, label)), box };
}

/** A form whose fields are sent by Enter, too. `onsubmit` may be asynchronous; what it throws is told. */
export function form(onsubmit, ...children) {
  const node = el("form", { class: "form", novalidate: true }, children);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    run(node, () => onsubmit(event));
  });
  return node;
}

/** A button that sends the form it is in. */
export const submit = (text, { look = "primary", icon: name } = {}) =>
  el("button", { type: "submit", class: `button ${look}` }, name ? icon(name) : null, el("span", {}, text));

/** A small word. `tone` is `good`, `bad`, `warn`, `info` or nothing. */
export const badge = (text, tone = "") => el("span", { class: `badge ${tone}` }, text);

const TONES = {
  delivered: "good", opened: "good", clicked: "good", completed: "good", enabled: "good",
  sent: "info", queued: "", scheduled: "info", deferred: "warn", soft_bounced: "warn", held: "warn",
  rejected: "bad", hard_bounced: "bad", failed: "bad", spam_complaint: "bad", complained: "bad", unsubscribed: "warn", disabled: "warn",
};

/** What became of an email, or what happened to it, as a badge. */
export const statusBadge = (status) => badge(words(status), TONES[status] ?? "");

/** Somebody, by name and address. */
export const who = ({ name, email }) => el("span", { class: "who" }, name ? el("strong", {}, name) : null, el("span", { class: "address" }, email));

/** `hard_bounced` as people write it. */
export const words = (name) => String(name ?? "").replaceAll("_", " ").replaceAll("-", " ");

/** What an HTTP status says, as a badge. */
export function codeBadge(status) {
  if (status === null || status === undefined) return badge("no answer", "bad");
  const tone = status < 300 ? "good" : status < 400 ? "info" : status < 500 ? "warn" : "bad";
  return badge(String(status), tone);
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayTime = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
const precise = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

/** The emulator's time and this machine's, apart: its clock can be moved. */
let offset = 0;
export const setClock = (now) => {
  offset = Date.parse(now) - Date.now();
};
export const now = () => new Date(Date.now() + offset);

function told(at) {
  const seconds = (at - now()) / 1000;
  const far = Math.abs(seconds);
  if (far < 10) return "now";
  if (far < 60) return relative.format(Math.round(seconds), "second");
  if (far < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (far < 12 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
  return at.toDateString() === now().toDateString() ? clockTime.format(at) : dayTime.format(at);
}

/** A time as how long ago it was, exact in its title. With `clock`, as the time of the day. */
export function time(iso, { clock = false } = {}) {
  if (!iso) return el("span", {}, "–");
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return el("span", {}, iso);
  const node = el("time", { datetime: iso, title: exact.format(at) }, clock ? precise.format(at) : told(at));
  if (!clock) node.dataset.ago = "";
  return node;
}

setInterval(() => {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const text = told(new Date(node.dateTime));
    if (node.textContent !== text) node.textContent = text;
  }
}, 15_000);

const SIZES = ["bytes", "kB", "MB", "GB"];

/** A number of bytes for people. */
export function size(bytes) {
  let [amount, unit] = [bytes, 0];
  while (amount >= 1000 && unit < SIZES.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${unit ? amount.toFixed(amount < 10 ? 1 : 0) : amount} ${SIZES[unit]}`;
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** Copies `text`, or what it gives when it is a function. */
export function copyButton(text, { label = "Copy", look = "quiet" } = {}) {
  const node = button(label, async () => {
    await copy(typeof text === "function" ? await text() : text);
    node.classList.add("done");
    announce("Copied");
    setTimeout(() => node.classList.remove("done"), 1500);
  }, { icon: "copy", look: `copy ${look}` });
  return node;
}

async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // By plain HTTP from another machine there is only the old way.
  const box = el("textarea", { class: "visually-hidden", value: text });
  document.body.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  if (!copied) throw new Error("This browser does not let the page copy.");
}

/** Text as it is, in a box that scrolls, with a button to copy it. `label` names it. */
export function code(text, { label = "Text", copy: copies = true, look = "" } = {}) {
  return el("div", { class: `codebox ${look}` },
    copies ? copyButton(text, { label: "Copy" }) : null,
    el("pre", { tabindex: "0", role: "region", "aria-label": label }, el("code", {}, text)));
}

/** JSON with its lines and indents; any other text as it is. */
export function pretty(text) {
  if (text === null || text === undefined) return "";
  try {
    return JSON.stringify(typeof text === "string" ? JSON.parse(text) : text, null, 2);
  } catch {
    return String(text);
  }
}

/** What is shown where nothing is. */
export const empty = (title, ...children) => el("div", { class: "empty" }, el("h2", {}, title), children);

/** The head of a panel: its title, one sentence about it, and its actions. */
export const panelHead = (title, text, ...actions) => el("header", { class: "panel-head" },
  el("div", {}, el("h1", {}, title), text ? el("p", {}, text) : null),
  actions.length ? el("div", { class: "actions" }, actions) : null);

/** A titled part of a panel. */
export const section = (title, ...children) => {
  const name = freshId("section");
  return el("section", { class: "section", "aria-labelledby": name }, el("h2", { id: name }, title), children);
};

/** Names and values, one a line. Pairs whose value is null are left out. */
export const facts = (pairs) => el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined)
  .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

/** How much of a limit is used, as a bar. `limit` null is no limit. */
export function gauge(label, used, limit) {
  const share = limit ? Math.min(1, used / limit) : 0;
  const tone = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "good";
  const said = limit ? `${used.toLocaleString("en")} of ${limit.toLocaleString("en")}` : `${used.toLocaleString("en")}, no limit`;
  return el("div", { class: `gauge ${tone}` }, el("span", {}, label), el("span", { class: "gauge-said" }, said),
    el("meter", { min: "0", max: "1", value: share, "aria-label": `${label}: ${said}` }));
}

/**
 * Tabs: `items` are `{id, name, count, show()}`, where `show` gives the content or a promise of it. `onselect(id)` is told.
 * Gives `{element, select, selected}`.
 */
export function tabs(label, items, { selected = items[0]?.id, onselect } = {}) {
  const prefix = freshId("tab");
  const panel = el("div", { role: "tabpanel", class: "tab-panel", tabindex: "0", id: `${prefix}-panel` });
  const state = { selected: null, turn: 0 };
  const buttons = items.map(({ id, name, count: number, tone }) => el("button", {
    type: "button", role: "tab", id: `${prefix}-${id}`, "aria-controls": panel.id, class: "tab", data: { id }, onclick: () => choose(id),
  }, name, number ? el("span", { class: `count ${tone ?? ""}` }, String(number)) : null));
  const list = el("div", { role: "tablist", class: "tabs", "aria-label": label, onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = items.findIndex(({ id }) => id === state.selected);
    const next = items[(at + step + items.length) % items.length];
    choose(next.id);
    list.querySelector(`[data-id="${next.id}"]`).focus();
  } }, buttons);

  async function choose(id, { quiet = false } = {}) {
    const item = items.find((known) => known.id === id) ?? items[0];
    const turn = ++state.turn;
    const same = state.selected === item.id;
    state.selected = item.id;
    for (const one of buttons) {
      const is = one.dataset.id === item.id;
      one.setAttribute("aria-selected", String(is));
      one.tabIndex = is ? 0 : -1;
      if (is && list.isConnected) one.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    panel.setAttribute("aria-labelledby", `${prefix}-${item.id}`);
    if (!same && !quiet) onselect?.(item.id);
    try {
      const content = await item.show();
      if (turn === state.turn) fill(panel, content);
    } catch (error) {
      if (turn === state.turn) fill(panel, empty("This could not be read", el("p", {}, error.message)));
    }
  }
  choose(selected, { quiet: true });
  return { element: el("div", { class: "tabbed" }, list, panel), select: choose, get selected() { return state.selected; } };
}
