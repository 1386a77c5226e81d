//! The account: its plan, how much of its limits is used, maintenance, domains, delays, the clock and the memory.

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, count, empty, field, form, gauge, input, panelHead, run, section, select, setClock, size, submit, table, time, toast, words } from "../ui.js";

export const title = "Account";

/** What a page that is looked at asks again after, in milliseconds: minutes end without anything happening. */
const AGAIN = 2_000;
const PLANS = [["", "None, without limits"], ["trial", "Trial"], ["hobby", "Hobby"], ["starter", "Starter"], ["professional", "Professional"]];
const STATES = ["active", "switched_off", "not_authorized", "suspended", "ip_not_allowed", "email_quota_reached", "trial_quota_reached", "trial_recipients_reached", "template_domain_unverified"];
const DELAYS = [
  ["sent", "Until sent"], ["delivered", "Sent to delivered"], ["bounced", "Sent to bounced"], ["deferred", "Sent to deferred"],
  ["opened", "Delivered to opened"], ["clicked", "Opened to clicked"], ["unsubscribed", "Delivered to unsubscribed"], ["complained", "Delivered to called spam"],
];
/** As in recordings of the service. */
const RECORDED = { sent: 0, delivered: "1s..6s", bounced: "17s..26s", deferred: "1s..6s", opened: "1m..2m", clicked: "1m..2m", unsubscribed: "1m..2m", complained: "1m..2m" };
const STEPS = [["+1 minute", 60], ["+1 hour", 3_600], ["+1 day", 86_400], ["+3 days", 259_200]];
const UNITS = [["h", 3_600_000], ["m", 60_000], ["s", 1_000]];

export async function mount(root) {
  let account = await get("account");
  let ended = false;
  let timer = 0;
  const change = async (changes) => {
    account = await send("PUT", "account", changes);
    draw();
  };
  const parts = [standing(change), limits(), maintenance(change), domains(), delays(change), clock(), memory()];
  fill(root, panelHead(title, "The plan, its limits and how much of them is used."), parts.map(({ element }) => element));

  function draw() {
    setClock(account.clock.now);
    for (const part of parts) part.show(account);
  }
  async function load() {
    clearTimeout(timer);
    try {
      const answer = await get("account");
      if (ended) return;
      account = answer;
      draw();
    } finally {
      if (!ended) timer = setTimeout(soon, AGAIN);
    }
  }
  const soon = () => (document.hidden ? (timer = setTimeout(soon, AGAIN)) : load().catch(() => {}));

  function domains() {
    const rows = el("div");
    const name = input({ placeholder: "shop.example", required: true });
    const pause = async (domain, paused) => {
      account = await send("PUT", `domains/${encodeURIComponent(domain)}`, { send_paused: paused });
      draw();
      toast(paused ? `Mail from ${domain} waits now.` : `Mail from ${domain} is sent again.`, { look: "good" });
    };
    const add = form(async () => {
      await pause(name.value.trim(), true);
      name.value = "";
    }, el("div", { class: "with-button" }, field("Pause another domain", name), submit("Pause", { look: "" })));
    let last = "";
    return {
      element: section("Domains", rows, add),
      show: (shown) => {
        const state = JSON.stringify(shown.domains);
        if (state === last) return;
        last = state;
        fill(rows, table({
          caption: "Domains",
          rows: shown.domains,
          empty: empty("No domain yet", el("p", {}, "A domain is known once mail comes from it.")),
          columns: [
            { name: "Domain", look: "grow", cell: (domain) => domain.name },
            { name: "Verified", cell: (domain) => (domain.verified ? badge("verified", "good") : badge("not verified", "warn")) },
            { name: "Sending", cell: (domain) => (domain.send_paused ? badge("paused", "warn") : badge("sending", "info")) },
            { name: "Pause", look: "actions", cell: (domain) => button(domain.send_paused ? "Resume" : "Pause", () => pause(domain.name, !domain.send_paused), { look: "quiet", "aria-label": `${domain.send_paused ? "Resume" : "Pause"} ${domain.name}` }) },
          ],
        }));
      },
    };
  }

  function clock() {
    const now = el("p", { class: "clock-now" });
    const seconds = input({ inputmode: "decimal", placeholder: "90" });
    const advance = async (by) => {
      await send("POST", "clock/advance", { seconds: by });
      await load();
    };
    const custom = form(async () => {
      const by = Number(seconds.value);
      if (!seconds.value.trim() || !Number.isFinite(by)) throw new Error("Give a number of seconds.");
      await advance(by);
      seconds.value = "";
    }, el("div", { class: "with-button" }, field("Seconds", seconds), submit("Advance", { look: "" })));
    return {
      element: section("Clock", el("p", { class: "help" }, "Whatever waits for its time happens when the emulator's clock gets there. It never goes back."),
        now, el("div", { class: "actions" }, STEPS.map(([text, by]) => button(text, () => advance(by), { icon: "clock" }))), custom),
      show: (shown) => {
        const at = new Date(shown.clock.now);
        fill(now, el("time", { datetime: shown.clock.now }, `${at.toLocaleString()} (${shown.clock.now.replace(/\.\d+/, "")})`));
      },
    };
  }

  draw();
  timer = setTimeout(soon, AGAIN);
  const stop = onChange(["account"], () => load().catch(() => {}));
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
}

/** Does what `control` says at once. What it shows is put right by the next answer, also when it was refused. */
function atOnce(control, work) {
  control.addEventListener("change", () => run(control, work));
  return control;
}

/** How many seconds it is from one time to another, at least one. */
const seconds = (until, from) => Math.max(1, Math.ceil((Date.parse(until) - Date.parse(from)) / 1_000));

/** Shows `value` in `control`, unless somebody is at it. */
function put(control, value) {
  if (document.activeElement !== control && control.getAttribute("aria-busy") !== "true") control.value = value;
}

function standing(change) {
  const plan = select(PLANS);
  const state = select(STATES.map((name) => [name, words(name)]));
  const held = input({ inputmode: "numeric", placeholder: "never" });
  atOnce(plan, () => change({ plan: plan.value || null }));
  atOnce(state, () => change({ state: state.value }));
  atOnce(held, () => {
    const after = held.value.trim();
    if (after && !/^[1-9]\d{0,8}$/.test(after)) throw new Error("Give a whole number, or nothing for never.");
    return change({ on_hold_after: after ? Number(after) : null });
  });
  const message = el("p", { class: "help" });
  return {
    element: section("Plan and standing", el("div", { class: "form" }, el("div", { class: "row" },
      field("Plan", plan), field("State", state), field("Soft bounces until on hold", held)), message)),
    show: (shown) => {
      put(plan, shown.plan ?? "");
      put(state, shown.state);
      put(held, shown.on_hold_after ?? "");
      const { to, cc, bcc } = shown.recipients;
      const days = shown.retention_days === null ? "activities for ever" : `activities of ${count(shown.retention_days, "day")}`;
      fill(message, `A message has up to ${to}, ${cc} and ${bcc} recipients (to, cc, bcc), a bulk request up to ${count(shown.bulk_objects, "object")}; ${days}.`);
    },
  };
}

function limits() {
  const box = el("div", { class: "gauges" });
  return {
    element: section("Limits", box),
    show: ({ quota, trial, limits: routes, clock }) => fill(box,
      el("div", { class: "card" }, gauge("Requests today", quota.used, quota.limit), el("p", { class: "help" }, "until midnight UTC")),
      trial ? el("div", { class: "card" }, gauge("Emails of the trial", trial.emails, trial.most_emails)) : null,
      trial ? el("div", { class: "card" }, gauge("People of the trial", trial.recipients, trial.most_recipients)) : null,
      routes.map(({ route, limit, used, resets_at: at }) => el("div", { class: "card" }, gauge(route, used, limit),
        el("p", { class: "help" }, at ? `a minute; again in ${seconds(at, clock.now)} s` : "a minute")))),
  };
}

function maintenance(change) {
  const said = el("p");
  const toggle = el("div", { class: "actions" });
  const [begins, lasts] = [input({ inputmode: "numeric", value: "5" }), input({ inputmode: "numeric", value: "10" })];
  let now = Date.now();
  const plan = form(async () => {
    const minutes = [begins, lasts].map((control) => Number(control.value));
    if (!minutes.every((number) => Number.isFinite(number) && number >= 0)) throw new Error("Give minutes as numbers.");
    const start = now + minutes[0] * 60_000;
    const at = (moment) => new Date(moment).toISOString();
    await change({ maintenance_window: { start: at(start), end: at(start + minutes[1] * 60_000) } });
  }, el("div", { class: "with-button" }, field("Begins in minutes", begins), field("Lasts minutes", lasts), submit("Plan", { look: "" })));
  return {
    element: section("Maintenance", said, toggle, plan),
    show: ({ maintenance: on, maintenance_window: planned, clock }) => {
      now = Date.parse(clock.now);
      fill(said, on ? badge("under maintenance", "warn") : badge("working", "good"),
        planned ? [on ? " until " : " planned from ", on ? null : [time(planned.start, { clock: true }), " to "], time(planned.end, { clock: true })] : null);
      if (toggle.dataset.on === String(on)) return;
      toggle.dataset.on = on;
      fill(toggle, button(on ? "End maintenance" : "Begin maintenance", () => change({ maintenance: !on }), { look: on ? "primary" : "" }));
    },
  };
}

/** `[2000, 6000]` as it is typed: `2s..6s`. */
function spread([least, most]) {
  const text = (delay) => {
    if (!delay) return "0";
    const [unit, worth] = UNITS.find(([, worth]) => delay % worth === 0) ?? ["ms", 1];
    return `${delay / worth}${unit}`;
  };
  return least === most ? text(least) : `${text(least)}..${text(most)}`;
}

function delays(change) {
  const controls = DELAYS.map(([name, label]) => [name, field(label, input({ class: "code-input", name }))]);
  const inputs = controls.map(([name, node]) => [name, node.querySelector("input")]);
  let isEdited = false;
  const save = async (wanted) => {
    await change({ delays: wanted });
    isEdited = false;
    toast("What is planned from now on takes this long.", { look: "good" });
  };
  const node = form(() => save(Object.fromEntries(inputs.map(([name, control]) => [name, control.value]))),
    el("p", { class: "help" }, "Such as 200ms, 3s or 2m; 2s..6s is anything between the two."),
    el("div", { class: "row" }, controls.map(([, control]) => control)),
    el("div", { class: "actions" }, submit("Save"),
      button("As recorded", () => save(RECORDED)),
      button("At once", () => save(Object.fromEntries(DELAYS.map(([name]) => [name, 0]))))));
  node.addEventListener("input", () => {
    isEdited = true;
  });
  return {
    element: section("How long mails take", node),
    show: (shown) => {
      if (isEdited) return;
      for (const [name, control] of inputs) put(control, spread(shown.delays[name]));
    },
  };
}

function memory() {
  const box = el("div", { class: "gauges" });
  return {
    element: section("Memory", box),
    show: ({ memory: kept }) => {
      const share = kept.bytes / Math.max(1, kept.most_bytes);
      const bytes = gauge("Bytes of mail", kept.bytes, kept.most_bytes);
      bytes.querySelector(".gauge-said").textContent = `${size(kept.bytes)} of ${size(kept.most_bytes)}`;
      bytes.querySelector("meter").setAttribute("aria-label", `Bytes of mail: ${Math.round(share * 100)} per cent`);
      fill(box, el("div", { class: "card" }, gauge("Messages", kept.messages, kept.most_messages),
        kept.dropped ? el("p", { class: "help" }, `${count(kept.dropped, "message")} forgotten to make room.`) : null),
      el("div", { class: "card" }, bytes));
    },
  };
}
