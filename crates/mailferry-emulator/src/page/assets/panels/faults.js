//! What is to go wrong, and with what.

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { show as showBanner } from "../faults-banner.js";
import { onChange } from "../live.js";
import { badge, button, confirm, copyButton, count, empty, field, form, input, panelHead, section, select, submit, table, toast } from "../ui.js";

export const title = "Faults";

/** The list is read again at most this often, in milliseconds. */
const AGAIN = 500;

/** What a button does: its words, the fault, and what it means for who does not know the word. */
const REQUESTS = [
  ["429, a minute", { fault: "rate_limit" }, "So many requests a minute: MS42903, with retry-after"],
  ["429, a day", { fault: "daily_quota" }, "So many requests a day: MS42901"],
  ["429, created", { fault: "create_limit" }, "So many resources created: without a code"],
  ["421", { fault: "status", status: 421 }, "Maintenance"],
  ["500", { fault: "status", status: 500 }, "Internal server error, as HTML"],
  ["502", { fault: "status", status: 502 }, "Bad gateway, as HTML"],
  ["503", { fault: "status", status: 503 }, "Unavailable, as HTML"],
  ["Slow, 2 s", { fault: "slow", delay_ms: 2000 }, "Processed at once, answered later"],
  ["Reset", { fault: "reset" }, "The connection is reset, nothing is processed"],
  ["Answer lost", { fault: "answer_lost" }, "Processed, but never answered"],
  ["Truncated", { fault: "truncated" }, "Processed, and the answer is cut off"],
];
const POSTS = [
  ["Duplicated", { fault: "webhook_duplicated" }, "Posted twice, with the same body and signature"],
  ["Reordered", { fault: "webhook_reordered" }, "Posted after the next one"],
  ["Delayed, 30 s", { fault: "webhook_delayed", delay_ms: 30000 }, "Posted later, by the emulator's clock"],
  ["Wrongly signed", { fault: "webhook_wrongly_signed" }, "Signed with another secret"],
  ["Lost", { fault: "webhook_lost" }, "Not posted at all"],
];
const ON = {
  requests: [["any", "Any request"], ["email", "Sending a mail"], ["bulk", "Sending in bulk"], ["reading", "Reading (GET)"], ["changing", "Any other change"]],
  posts: [["any", "Anything posted"], ["webhooks", "Events to webhooks"], ["inbound", "Mails of inbound routes"]],
};
const WORDS = new Map([...ON.requests, ...ON.posts]);

export async function mount(root) {
  let timer = 0;
  let ended = false;
  const list = el("div");
  const clear = button("Clear all", async () => {
    if (!await confirm({ title: "Clear all faults?", text: "Nothing goes wrong on purpose any longer.", action: "Clear all" })) return;
    await send("DELETE", "faults");
    await load();
  }, { icon: "trash" });

  async function load() {
    const faults = await get("faults");
    if (ended) return;
    showBanner(faults);
    clear.disabled = !faults.rules.length && !faults.queued.length;
    fill(list, rules(faults, load));
  }

  function loadSoon() {
    if (!timer) timer = setTimeout(async () => {
      timer = 0;
      await load().catch(() => {});
    }, AGAIN);
  }

  fill(root,
    panelHead(title, "What a client or a receiver has to cope with, on demand. Requests that meet a fault are marked in the log.", clear),
    section("The next requests", quick("requests", REQUESTS, load)),
    section("The next posts to receivers", quick("posts", POSTS, load)),
    section("A share of them", share(load)),
    section("What there is", list));
  await load();
  const stop = onChange(["faults", "requests", "deliveries"], loadSoon);
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
}

/** Buttons for the next one, or the next few. */
function quick(kind, faults, load) {
  const many = input({ type: "number", min: "1", max: "1000", value: "1", inputmode: "numeric" });
  const on = select(ON[kind]);
  return el("div", { class: "card stack" },
    el("div", { class: "pair" }, field("How many", many), field("Of what", on)),
    el("div", { class: "actions" }, faults.map(([text, fault, meaning]) => button(text, async () => {
      const times = Number(many.value);
      if (!Number.isInteger(times) || times < 1) throw new Error("Say how many: a number from 1.");
      const added = await send("POST", "faults", { ...fault, count: times, on: on.value });
      toast(`The next ${times === 1 ? "one" : times} will meet ${added.text.split(/[*@]/)[0]}.`, { look: "good" });
      await load();
    }, { title: meaning }))));
}

/** A form for a share of all, with a seed so that it can be repeated. */
function share(load) {
  const all = [...REQUESTS.map((fault) => ["requests", ...fault]), ...POSTS.map((fault) => ["posts", ...fault])];
  const what = select(all.map(([kind, text], at) => [String(at), kind === "posts" ? `Post: ${text.toLowerCase()}` : text]));
  const on = el("span");
  let chosen = select(ON.requests);
  const put = () => {
    chosen = select(ON[all[Number(what.value)][0]]);
    fill(on, field("Of what", chosen));
  };
  what.addEventListener("change", put);
  put();
  const said = el("output", { class: "share-said" }, "10 %");
  const slider = el("input", { type: "range", min: "1", max: "100", value: "10", oninput: () => { said.textContent = `${slider.value} %`; } });
  const seed = input({ inputmode: "numeric", placeholder: "made up" });
  return el("div", { class: "card" }, form(async () => {
    const [, , fault] = all[Number(what.value)];
    const body = { ...fault, share: Number(slider.value) / 100, on: chosen.value };
    if (seed.value.trim()) body.seed = number(seed.value.trim());
    await send("POST", "faults", body);
    toast(`${slider.value} % will meet it until it is deleted.`, { look: "good" });
    await load();
  },
  el("div", { class: "row" }, field("What goes wrong", what), on),
  el("div", { class: "row" },
    el("div", { class: "slider" }, field("Share", slider), said),
    field("Seed, to repeat it", seed)),
  el("div", { class: "actions" }, submit("Add", { icon: "plus" }))));
}

function number(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error("A seed is a whole number.");
  return value;
}

function rules({ queued, rules: all }, load) {
  const waiting = queued.length ? el("p", { class: "callout" }, `${count(queued.length, "fault")} set by a test for what comes next: ${queued.map(({ fault, status }) => status ?? fault.replaceAll("_", " ")).join(", ")}.`) : null;
  return el("div", { class: "stack" }, waiting, table({
    caption: "Faults, oldest first",
    rows: all,
    empty: queued.length ? el("span") : empty("Nothing goes wrong", el("p", {}, "Every request is answered, and every event posted, as it should be.")),
    columns: [
      { name: "Fault", look: "grow code", cell: ({ fault, status, delay_ms: delay }) => status ? `status ${status}` : `${fault.replaceAll("_", " ")}${delay === null ? "" : ` ${delay / 1000} s`}` },
      { name: "Of", cell: ({ on }) => WORDS.get(on) ?? on },
      { name: "How often", cell: ({ active, left, share: part }) => active ? [part === null ? null : badge(`${Math.round(part * 10_000) / 100} %`, "warn"), left === null ? null : badge(`${left} left`, "warn")] : badge("done") },
      { name: "Met", look: "number", cell: ({ met, looked_at: looked }) => `${met} of ${looked}` },
      { name: "Seed", look: "number", cell: ({ seed, share: part }) => part === null ? "–" : String(seed) },
      { name: "Actions", look: "actions", cell: ({ id, text }) => [
        copyButton(`--fault '${text}'`, { label: "Flag" }),
        button("", async () => {
          await send("DELETE", `faults/${id}`);
          await load();
        }, { icon: "trash", label: `Delete ${text}` }),
      ] },
    ],
  }));
}
