//! Every request to the API, and what it was answered.

import { get, withQuery } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { shownRequest } from "../mail/request.js";
import { badge, button, codeBadge, empty, input, panelHead, size, table, time } from "../ui.js";

export const title = "Requests";

const LIMIT = 200;
/** The list is read again at most this often, in milliseconds. */
const AGAIN = 500;

export async function mount(root, { parameters }) {
  let number = parameters[0] ?? null;
  let requests = [];
  let timer = 0;
  let ended = false;
  const box = el("div");
  const filter = input({ type: "search", placeholder: "Part of a path, a status, a method", "aria-label": "Filter requests", oninput: draw });

  async function load() {
    const answer = await get(withQuery("requests", { limit: LIMIT }));
    if (ended) return;
    requests = answer.map((request, i) => ({ number: i, ...request })).slice(-LIMIT).reverse();
    if (number === null) draw();
  }

  function loadSoon() {
    if (!timer) timer = setTimeout(async () => {
      timer = 0;
      await load().catch(() => {});
    }, AGAIN);
  }

  function draw() {
    const words = filter.value.trim().toLowerCase();
    const shown = requests.filter(({ method, target, status, fault }) => `${method} ${target} ${status ?? ""} ${fault ?? ""}`.toLowerCase().includes(words));
    const scrolled = box.firstElementChild?.scrollLeft ?? 0;
    fill(box, table({
      caption: "Requests, newest first",
      rows: shown,
      onrow: (request) => { location.hash = `#/requests/${request.number}`; },
      empty: requests.length
        ? empty("No request fits")
        : empty("No request yet", el("p", {}, "Whatever a program asks the API for is listed here, with what it was answered.")),
      columns: [
        { name: "At", cell: (request) => time(request.at, { clock: true }) },
        { name: "Status", cell: (request) => [codeBadge(request.status), request.fault ? [" ", badge(request.fault, "warn")] : null] },
        { name: "Method", look: "code", cell: (request) => request.method },
        { name: "Path", look: "grow code", cell: (request) => el("a", { href: `#/requests/${request.number}` }, request.target) },
        { name: "Size", look: "number", cell: (request) => size(request.size) },
      ],
    }));
    if (box.firstElementChild) box.firstElementChild.scrollLeft = scrolled;
  }

  async function show() {
    if (number === null) {
      fill(root, panelHead(title, `The newest ${LIMIT} requests to the API. Tokens are hidden.`), filter, box);
      draw();
      return;
    }
    const back = button("All requests", () => { location.hash = "#/requests"; }, { icon: "back", look: "quiet" });
    try {
      const request = await get(`requests/${encodeURIComponent(number)}`);
      const mails = request.message_ids?.length ? el("p", {}, el("a", { href: `#/?q=${encodeURIComponent(request.message_ids[0])}` }, "Show its mails")) : null;
      fill(root, panelHead(`Request ${number}`, null, back), mails, shownRequest(request));
    } catch (error) {
      fill(root, panelHead(`Request ${number}`, null, back), empty("This request could not be read", el("p", {}, error.message)));
    }
  }

  await load();
  await show();
  const stop = onChange(["requests"], loadSoon);
  const end = () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
  end.update = (next) => {
    number = next.parameters[0] ?? null;
    show();
  };
  return end;
}
