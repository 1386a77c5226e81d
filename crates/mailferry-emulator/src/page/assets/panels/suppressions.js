//! Who is not written to, and why: five lists, added to and taken from by hand.

import { get, send, withQuery } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, checkbox, dialog, empty, field, form, input, panelHead, select, submit, table, time, toast } from "../ui.js";

export const title = "Suppressions";

const LISTS = [
  ["blocklist", "Blocklist"], ["hard-bounces", "Hard bounces"], ["spam-complaints", "Spam complaints"],
  ["unsubscribes", "Unsubscribes"], ["on-hold-list", "On hold"],
];
const TONES = { "hard-bounces": "bad", "spam-complaints": "bad", blocklist: "warn", unsubscribes: "warn", "on-hold-list": "info" };
const NAMES = Object.fromEntries(LISTS);
/** So many are shown; the rest is found by the filter. */
const LIMIT = 500;
/** How long somebody has to pause in typing, in milliseconds. */
const PAUSE = 200;

export async function mount(root) {
  let list = "";
  let turn = 0;
  let timer = 0;
  const box = el("div");
  const filter = input({ type: "search", placeholder: "Part of an address", "aria-label": "Filter by address" });
  filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => load().catch(told), PAUSE);
  });
  const choices = el("div", { class: "actions", role: "group", "aria-label": "List" });
  const told = (error) => toast(error.message, { look: "bad" });

  async function load() {
    const mine = ++turn;
    const [rows, counts] = await Promise.all([get(withQuery("suppressions", { list, q: filter.value.trim(), limit: LIMIT })), get("suppressions/counts")]);
    if (mine === turn) draw(rows, counts);
  }

  function draw(rows, counts) {
    const all = Object.values(counts).reduce((sum, number) => sum + number, 0);
    const chosen = document.activeElement?.dataset?.list;
    fill(choices, [["", "All"], ...LISTS].map(([name, text]) => button(`${text} ${(name ? counts[name] : all).toLocaleString("en")}`, () => {
      list = name;
      return load();
    }, { look: "quiet", "aria-pressed": String(list === name), "data-list": name })));
    if (chosen !== undefined) choices.querySelector(`[data-list="${chosen}"]`)?.focus();
    const isFiltered = list || filter.value.trim();
    fill(box, table({
      caption: "Suppressions, newest first",
      rows,
      empty: isFiltered
        ? empty("Nobody fits")
        : empty("Everybody is written to", el("p", {}, "Whoever bounces, complains or unsubscribes is listed here, and gets no more mail.")),
      columns: [
        { name: "Address", look: "grow", cell: (row) => [row.address, row.is_pattern ? [" ", badge("pattern", "info")] : null, row.reason ? el("p", { class: "help" }, row.reason) : null] },
        { name: "List", cell: (row) => badge(NAMES[row.list] ?? row.list, TONES[row.list]) },
        { name: "For mail from", cell: (row) => row.domain ?? "every domain" },
        { name: "Since", cell: (row) => time(row.created_at) },
        { name: "Until", cell: (row) => (row.until ? time(row.until) : "–") },
        { name: "Delete", look: "actions", cell: (row) => button("", () => remove(row), { icon: "trash", label: `Take ${row.address} off the list` }) },
      ],
    }), rows.length === LIMIT ? el("p", { class: "help" }, `The newest ${LIMIT} are shown; the filter finds the others.`) : null);
  }

  async function remove(row) {
    await send("DELETE", `suppressions/${encodeURIComponent(row.id)}`);
    toast(`${row.address} may be written to again.`, { look: "good" });
    await load();
  }

  function add() {
    const kind = select(LISTS, { value: list || "unsubscribes" });
    const address = input({ type: "text", inputmode: "email", placeholder: "ann@example.com", required: true });
    const domain = input({ placeholder: "every domain" });
    const pattern = checkbox("It is a regular expression");
    const only = () => {
      pattern.element.hidden = kind.value !== "blocklist";
      if (pattern.element.hidden) pattern.box.checked = false;
    };
    kind.addEventListener("change", only);
    only();
    const body = form(async () => {
      await send("POST", "suppressions", {
        list: kind.value, address: address.value.trim(), domain: domain.value.trim() || null, is_pattern: pattern.box.checked,
      });
      shown.close();
      toast(`${address.value.trim()} is not written to any more.`, { look: "good" });
      await load();
    }, field("List", kind), field("Address", address), pattern.element,
    field("Only for mail from", domain, { help: "Empty is for every domain of the account." }), submit("Add"));
    const shown = dialog({ title: "Add somebody", body });
    address.focus();
  }

  fill(root, panelHead(title, "Who is not written to, and why.", button("Add", add, { look: "primary", icon: "plus" })),
    el("div", { class: "form" }, filter), choices, box);
  await load();
  const stop = onChange(["suppressions"], () => load().catch(() => {}));
  return () => {
    turn += 1;
    clearTimeout(timer);
    stop();
  };
}
