//! The list of mails: only the rows that can be seen, and some around them, are in the document.

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { showHelp } from "../keys.js";
import { announce, badge, button, confirm, count, empty, input, statusBadge, time, toast, words } from "../ui.js";
import { firstMail } from "./first.js";
import { Store } from "./store.js";

/** How high a row is, in pixels; the same as in mail.css. */
const ROW = 84;
const AROUND = 12;
const UNTIL_SEARCH = 180;
/** Where the list and the open mail do not fit beside each other; the same as in mail.css. */
export const narrow = matchMedia("(max-width: 860px)");

/** `onquery(text)` is told what is searched; `onopen(id)` which row was picked by key; `ondraw()` that the list is another. */
export function mountList(root, { query, onquery, onopen, ondraw }) {
  const nodes = new Map();
  let chosen = null;
  let frame = 0;
  let waiting = 0;
  let place = 0;
  const store = new Store(changed);

  const search = input({ type: "search", class: "search-input", "aria-label": "Search the mails", placeholder: "Search, or to:ann is:opened …", value: query });
  const problems = el("div", { class: "search-problems", role: "status" });
  const told = el("span", { class: "list-count", role: "status" });
  const readAll = button("Mark as read", () => store.seeAll(), { look: "quiet small" });
  const clear = button("", clearAll, { icon: "trash", label: "Delete all mails" });
  const above = el("div", { class: "spacer" });
  const below = el("div", { class: "spacer" });
  const list = el("ul", { class: "rows", "aria-label": "Mails, newest first" });
  const scroller = el("div", { class: "scroller" }, above, list, below);
  const pill = button("", () => {
    scroller.scrollTop = 0;
    waiting = 0;
    drawSoon();
  }, { look: "pill", label: "Show new mails" });
  pill.hidden = true;

  fill(root,
    el("header", { class: "list-head" },
      el("div", { class: "search", role: "search" }, icon("search"), search, button("", showHelp, { icon: "help", label: "What can be searched for" })),
      problems,
      el("div", { class: "list-line" }, told, readAll, clear)),
    el("div", { class: "scroll-box" }, pill, scroller));

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => find(search.value.trim()), UNTIL_SEARCH);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      clearTimeout(typing);
      if (search.value.trim() !== store.query) find(search.value.trim());
      if (event.key === "ArrowDown") step(0);
    }
  });
  scroller.addEventListener("scroll", () => {
    if (scroller.scrollTop < ROW) waiting = 0;
    drawSoon();
  }, { passive: true });
  const resized = new ResizeObserver(drawSoon);
  resized.observe(scroller);

  function find(text) {
    if (text === store.query) return;
    onquery(text);
    store.search(text);
  }

  function changed({ added, reset }) {
    if (reset) {
      waiting = 0;
      scroller.scrollTop = 0;
    } else if (added) {
      // Who has scrolled goes on reading where they are.
      if (scroller.scrollTop >= ROW) {
        place += added * ROW;
        waiting += added;
      }
      announceSoon(added);
    }
    drawSoon();
  }

  let toAnnounce = 0;
  let announcing = 0;
  function announceSoon(added) {
    toAnnounce += added;
    if (announcing) return;
    announcing = setTimeout(() => {
      announce(count(toAnnounce, "new mail"));
      [announcing, toAnnounce] = [0, 0];
    }, 1000);
  }

  function drawSoon() {
    if (!frame) frame = requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    const { rows, total, found } = store;
    drawHead(rows, total, found);
    ondraw();
    if (!rows.length) {
      nodes.clear();
      list.replaceChildren();
      above.style.height = below.style.height = "0";
      below.replaceChildren(total === null && !store.error ? "" : nothing());
      return;
    }
    below.replaceChildren();
    const top = scroller.scrollTop + place;
    const first = Math.max(0, Math.floor(top / ROW) - AROUND);
    const last = Math.min(rows.length, Math.ceil((top + scroller.clientHeight) / ROW) + AROUND);
    above.style.height = `${first * ROW}px`;
    below.style.height = `${(rows.length - last) * ROW}px`;
    const wanted = rows.slice(first, last);
    const ids = new Set(wanted.map((row) => row.id));
    for (const [id, { node }] of nodes) {
      if (ids.has(id)) continue;
      node.remove();
      nodes.delete(id);
    }
    let before = null;
    wanted.forEach((row, i) => {
      const node = nodeOf(row, first + i, found.hasMore ? -1 : found.count);
      const next = before ? before.nextSibling : list.firstChild;
      if (next !== node) list.insertBefore(node, next);
      before = node;
    });
    if (place) {
      scroller.scrollTop = top;
      place = 0;
    }
    if (last > rows.length - 40) store.more();
  }

  function drawHead(rows, total, found) {
    const unread = store.unread.size;
    told.textContent = total === null ? "" : store.query ? `${found.hasMore ? "More than " : ""}${count(found.count, "mail")} found` : unread ? `${count(total, "mail")}, ${unread.toLocaleString("en")} unread` : count(total, "mail");
    readAll.hidden = !rows.length;
    clear.disabled = !total && !rows.length;
    fill(problems, store.problems.map((problem) => el("p", { class: "problem" }, problem)));
    pill.hidden = !waiting;
    if (waiting) fill(pill, `${waiting.toLocaleString("en")} new`);
    document.title = unread ? `(${unread.toLocaleString("en")}) Mail · Mailferry` : "Mail · Mailferry";
  }

  function nothing() {
    if (store.error) return empty("The mails could not be read", el("p", {}, store.error.message), button("Try again", () => store.search(store.query)));
    if (store.query) {
      return empty("No mail is found", el("p", {}, "Nothing fits ", el("code", {}, store.query), "."), button("Show all mails", () => {
        search.value = "";
        find("");
      }));
    }
    return narrow.matches ? firstMail("No mail yet") : empty("No mail yet", el("p", {}, "What a program sends appears here by itself."));
  }

  /** The row's element, which stays the same while it is shown, so that it keeps the focus. */
  function nodeOf(row, position, total) {
    let kept = nodes.get(row.id);
    if (!kept) {
      kept = { node: el("li", { class: "mail-row" }, el("a", { data: { id: row.id } })), row: null, isSeen: null, query: null };
      nodes.set(row.id, kept);
    }
    const { node } = kept;
    const link = node.firstChild;
    const isSeen = store.isSeen(row.id);
    if (kept.row !== row || kept.isSeen !== isSeen) {
      fill(link, content(row, isSeen));
      node.classList.toggle("unread", !isSeen);
      Object.assign(kept, { row, isSeen });
    }
    if (kept.query !== store.query) {
      link.href = hashOf(row.id, store.query);
      kept.query = store.query;
    }
    node.setAttribute("aria-posinset", position + 1);
    node.setAttribute("aria-setsize", total);
    if (row.id === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    return node;
  }

  async function clearAll() {
    const sure = await confirm({
      title: "Delete all mails?",
      text: "All mails, with what happened to them, are forgotten. Templates, webhooks and suppressions stay.",
      action: "Delete all mails",
    });
    if (!sure) return;
    await send("DELETE", "mailbox");
    store.unread.clear();
    await store.search(store.query);
    toast("All mails are deleted.", { look: "good" });
    onopen(null);
  }

  /** Chooses the row so many further, and shows it. */
  function step(by) {
    const { rows } = store;
    if (!rows.length) return null;
    const focused = document.activeElement?.closest?.(".mail-row a")?.dataset.id;
    const from = rows.findIndex((row) => row.id === (focused ?? chosen));
    const at = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
    reveal(at);
    draw();
    list.querySelector(`a[data-id="${CSS.escape(rows[at].id)}"]`)?.focus({ preventScroll: true });
    return rows[at].id;
  }

  function reveal(at) {
    const top = at * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + ROW - scroller.clientHeight;
  }

  store.search(query);

  return {
    store,
    step,
    search: () => search.select() || search.focus(),
    reload: () => store.search(store.query),
    /** Marks the open mail. */
    choose(id) {
      chosen = id;
      if (id) store.see(id);
      drawSoon();
    },
    find(text) {
      if (text === store.query) return;
      search.value = text;
      store.search(text);
    },
    drop: (message) => store.drop(message),
    /** The neighbour that is opened after `id` is deleted. */
    after(id) {
      const at = store.rows.findIndex((row) => row.id === id);
      return at < 0 ? null : (store.rows[at + 1] ?? store.rows[at - 1])?.id ?? null;
    },
    end() {
      cancelAnimationFrame(frame);
      clearTimeout(typing);
      clearTimeout(announcing);
      resized.disconnect();
      store.end();
    },
  };
}

/** The address of an open mail. */
export const hashOf = (id, query = "", tab = "") => {
  const more = new URLSearchParams();
  if (query) more.set("q", query);
  if (tab) more.set("tab", tab);
  const text = more.toString();
  return `#/${id ? `mail/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
};

const REACTIONS = { opened: "good", clicked: "good", unsubscribed: "warn", complained: "bad" };

/** What a row says. */
function content(row, isSeen) {
  const { recipient, from } = row;
  return [
    el("span", { class: "row-line" },
      isSeen ? null : el("span", { class: "dot" }, el("span", { class: "visually-hidden" }, "Unread. ")),
      el("span", { dir: "auto", class: "row-who", title: `To ${recipient.email}` }, recipient.name || recipient.email),
      row.role === "to" ? null : badge(row.role),
      time(row.at)),
    el("span", { class: "row-line" },
      el("span", { dir: "auto", class: "row-subject" }, row.subject || "(no subject)"),
      marks(row),
      statusBadge(row.held ? "held" : row.status)),
    el("span", { class: "row-line" },
      el("span", { dir: "auto", class: "row-snippet" }, row.snippet || (from ? `From ${from.name || from.email}` : "")),
      row.interactions.slice(-1).map((name) => badge(words(name), REACTIONS[name])),
      row.tags.slice(0, 2).map((tag) => el("span", { class: "tag" }, tag)),
      row.tags.length > 2 ? el("span", { class: "tag" }, `+${row.tags.length - 2}`) : null),
  ];
}

function marks(row) {
  const one = (name, number, what) => el("span", { class: `mark ${name}`, title: count(number, what) }, icon(name),
    el("span", { class: "visually-hidden" }, count(number, what)));
  return [row.warnings ? one("warning", row.warnings, "warning") : null, row.attachments ? one("clip", row.attachments, "attachment") : null];
}

/** Whether there is a mail of this id. */
export const ask = (id) => get(`mailbox/${encodeURIComponent(id)}`);
