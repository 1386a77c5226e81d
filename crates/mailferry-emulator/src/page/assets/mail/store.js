//! The mails that the list knows: loaded page by page, kept up to date by what the emulator tells.

import { get, withQuery } from "../api.js";
import { onChange } from "../live.js";

const PAGE = 100;
/** While a search is on, what comes in is searched again at most this often, in milliseconds. */
const SEARCH_AGAIN = 700;
const SEEN = "mailferry-seen";
const MOST_SEEN = 5000;

/**
 * Newest first. `changed` is called after every change with `{added, from, reset}`: how many came in above row `from`, or
 * that everything is new.
 */
export class Store {
  constructor(changed) {
    this.changed = changed;
    this.rows = [];
    this.known = new Map();
    /** How many mails there are, found or not. */
    this.total = null;
    this.problems = [];
    this.next = null;
    this.query = "";
    this.error = null;
    this.unread = new Set();
    this.seen = new Set(remembered());
    this.turn = 0;
    this.loading = null;
    this.searchTimer = null;
    this.stop = onChange(["mail"], (change) => this.take(change));
  }

  /** Whether there is no mail at all, as far as is known. */
  get isEmpty() {
    return this.total === 0 && !this.rows.length && !this.error;
  }

  end() {
    this.stop();
    clearTimeout(this.searchTimer);
    this.turn += 1;
  }

  /** Loads the first page of the mails that `query` finds. */
  async search(query) {
    this.query = query;
    const turn = ++this.turn;
    this.loading = null;
    try {
      const answer = await this.ask({});
      if (turn !== this.turn) return;
      this.error = null;
      this.rows = answer.rows;
      this.next = answer.next;
      this.index();
      this.learn(answer);
    } catch (error) {
      if (turn !== this.turn) return;
      this.error = error;
    }
    this.changed({ added: 0, from: 0, reset: true });
  }

  ask(more) {
    return get(withQuery("mailbox", { q: this.query, limit: PAGE, ...more }));
  }

  learn({ total, problems }) {
    this.total = total ?? this.total;
    this.problems = problems ?? [];
  }

  /** Loads the page after the last row; calls while it is under way are the same one. */
  more() {
    if (this.next === null || this.next === undefined || this.loading) return this.loading;
    const turn = this.turn;
    this.loading = this.ask({ before: this.next }).then((answer) => {
      if (turn !== this.turn) return;
      const fresh = answer.rows.filter((row) => !this.known.has(row.id));
      this.rows.push(...fresh);
      this.next = answer.next;
      this.index();
      this.learn(answer);
      this.changed({ added: 0, from: 0, reset: false });
    }).catch(() => {
      // The next time that the reader comes here, it is tried again.
    }).finally(() => {
      if (turn === this.turn) this.loading = null;
    });
    return this.loading;
  }

  index() {
    this.known = new Map(this.rows.map((row) => [row.id, row]));
  }

  take(change) {
    if (change.reset) {
      this.search(this.query);
      return;
    }
    for (const id of change.removed ?? []) this.unread.delete(id);
    if (typeof change.total === "number") this.total = change.total;
    const gone = new Set(change.removed ?? []);
    const rows = change.rows ?? [];
    const isNew = rows.filter((row) => !this.known.has(row.id));
    for (const row of rows) this.replace(row);
    if (gone.size) this.rows = this.rows.filter((row) => !gone.has(row.id));
    if (this.query) {
      // Only the emulator can tell which of them are found.
      this.index();
      this.changed({ added: 0, from: 0, reset: false });
      this.searchAgain();
      return;
    }
    // In the order in which the emulator lists them: newest first.
    const fresh = isNew.filter((row) => !gone.has(row.id) && this.isAbove(row)).sort(newestFirst);
    this.rows.unshift(...fresh);
    this.index();
    for (const row of fresh) this.unread.add(row.id);
    this.changed({ added: fresh.length, from: 0, reset: false });
  }

  replace(row) {
    if (!this.known.has(row.id)) return;
    const at = this.rows.indexOf(this.known.get(row.id));
    if (at >= 0) this.rows[at] = row;
    this.known.set(row.id, row);
  }

  /** A row that is older than the last one loaded is found when the reader gets there. */
  isAbove(row) {
    const last = this.rows.at(-1);
    return this.next === null || !last || newestFirst(row, last) < 0;
  }

  searchAgain() {
    if (this.searchTimer) return;
    this.searchTimer = setTimeout(async () => {
      this.searchTimer = null;
      const turn = this.turn;
      try {
        const answer = await this.ask({});
        if (turn !== this.turn) return;
        const first = new Set(answer.rows.map((row) => row.id));
        const fresh = answer.rows.filter((row) => !this.known.has(row.id));
        const end = answer.next === null ? [] : this.rows.filter((row) => !first.has(row.id));
        this.rows = [...answer.rows, ...end];
        if (answer.next === null) this.next = null;
        this.index();
        for (const row of fresh) this.unread.add(row.id);
        this.learn(answer);
        this.changed({ added: fresh.length, from: 0, reset: false });
      } catch {
        // The next change asks again.
      }
    }, SEARCH_AGAIN);
  }

  /** How many mails are found, and whether there are more than that. */
  get found() {
    const hasMore = this.next !== null && this.next !== undefined;
    return this.query ? { count: this.rows.length, hasMore } : { count: this.total ?? this.rows.length, hasMore: false };
  }

  /** Leaves out the mails of a message that was deleted. */
  drop(message) {
    const removed = this.rows.filter((row) => row.message_id === message).map((row) => row.id);
    this.take({ removed, total: this.total === null ? null : this.total - removed.length });
  }

  isSeen(id) {
    return this.seen.has(id);
  }

  /** Remembers in this browser that the mail was opened. */
  see(id) {
    const isNews = !this.seen.has(id) || this.unread.has(id);
    this.unread.delete(id);
    this.seen.add(id);
    if (!isNews) return;
    keep(this.seen);
    this.changed({ added: 0, from: 0, reset: false });
  }

  seeAll() {
    this.unread.clear();
    for (const row of this.rows) this.seen.add(row.id);
    keep(this.seen);
    this.changed({ added: 0, from: 0, reset: false });
  }
}

/** Cursors are numbers with dashes between; later ones are greater. */
const byNumbers = new Intl.Collator("en", { numeric: true });
const newestFirst = (one, other) => byNumbers.compare(other.cursor, one.cursor);

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(SEEN)) ?? [];
  } catch {
    return [];
  }
}

function keep(seen) {
  try {
    localStorage.setItem(SEEN, JSON.stringify([...seen].slice(-MOST_SEEN)));
  } catch {
    // They are read again the next time.
  }
}
