//! The page: which panel is shown, and what is around it.
//!
//! A panel is a module in `panels/` with a `title` and `mount(root, {parameters, query})`, which may give a function that
//! ends it. `parameters` are the parts of the path after the panel's name, `query` is what follows a `?` in it. If the
//! function has a member `update`, it is called with the same instead when the panel stays and its path changes.

import { get, onLocked } from "./api.js";
import { el, fill } from "./dom.js";
import * as faults from "./faults-banner.js";
import { icon } from "./icons.js";
import { handleKey, showHelp } from "./keys.js";
import { onChange, onState, start } from "./live.js";
import * as login from "./login.js";
import * as offline from "./offline.js";
import { button, empty, setClock } from "./ui.js";

/** The areas, in the order of the menu; `path` is what stands after `#/`. */
const AREAS = [
  { path: "", name: "Mail", icon: "mail", module: "mail" },
  { path: "inbound", name: "Inbound", icon: "inbound", module: "inbound" },
  { path: "templates", name: "Templates", icon: "templates", module: "templates" },
  { path: "webhooks", name: "Webhooks", icon: "webhooks", module: "webhooks" },
  { path: "routes", name: "Routes", icon: "routes", module: "routes" },
  { path: "suppressions", name: "Suppressions", icon: "suppressions", module: "suppressions" },
  { path: "requests", name: "Requests", icon: "requests", module: "requests" },
  { path: "faults", name: "Faults", icon: "faults", module: "faults" },
  { path: "account", name: "Account", icon: "account", module: "account" },
];
const MODULES = new Map([...AREAS.map((area) => [area.path, area.module]), ["mail", "mail"], ["compose", "compose"]]);
const THEMES = { auto: "Colours as the system's", light: "Light colours", dark: "Dark colours" };

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const menu = document.getElementById("menu");
let shown = { module: null, end: null, turn: 0, hasFailed: false };
let isLocked = false;

/** The panel, the parts after it, and the query of a hash. */
function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [name, ...parameters] = path.split("/").map(decoded);
  return { name, module: MODULES.get(name) ?? null, parameters, query: new URLSearchParams(query) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function show() {
  if (isLocked) return;
  closeMenu();
  const { name, module, parameters, query } = route();
  mark(name);
  if (module && module === shown.module && shown.end?.update) {
    shown.end.update({ parameters, query });
    return;
  }
  const turn = shown.turn + 1;
  end();
  shown = { module, end: null, turn, hasFailed: false };
  if (!module) {
    fill(main, empty("There is no such place", el("p", {}, el("a", { href: "#/" }, "To the mails"))));
    return;
  }
  try {
    const panel = await import(`./panels/${module}.js`);
    if (turn !== shown.turn) return;
    document.title = `${panel.title} · Mailferry`;
    document.getElementById("place").textContent = panel.title;
    const root = el("div", { class: `panel panel-${module}` });
    main.replaceChildren(root);
    shown.end = (await panel.mount(root, { parameters, query })) ?? null;
    if (turn !== shown.turn) shown.end?.();
    // Whoever goes by keys goes on in the new panel, not at the top of the page.
    else if (document.activeElement === document.body) main.focus({ preventScroll: true });
  } catch (error) {
    if (turn !== shown.turn) return;
    shown.hasFailed = true;
    fill(main, empty("This panel could not be shown", el("p", {}, error.message), button("Try again", show)));
  }
}

/** Panels are there, too, when the emulator is not: each can then say so. */
function fetchPanels() {
  for (const module of new Set(MODULES.values())) import(`./panels/${module}.js`).catch(() => {});
}

function end() {
  try {
    shown.end?.();
  } catch (error) {
    console.error(error);
  }
}

function mark(name) {
  const path = name === "mail" ? "" : name === "compose" ? "inbound" : name;
  for (const link of nav.querySelectorAll("a[data-path]")) {
    if (link.dataset.path === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function closeMenu() {
  nav.classList.remove("is-open");
  menu.setAttribute("aria-expanded", "false");
}

function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen in THEMES ? chosen : "auto";
}

function setTheme(next) {
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("mailferry-theme", next);
  } catch {
    // It holds for this visit.
  }
}

function furnish() {
  menu.append(icon("menu"));
  menu.addEventListener("click", () => {
    menu.setAttribute("aria-expanded", String(nav.classList.toggle("is-open")));
  });
  const themes = Object.keys(THEMES);
  const choice = button("", () => {
    setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]);
    choice.title = THEMES[theme()];
    choice.setAttribute("aria-label", `${THEMES[theme()]}; change`);
  }, { icon: "theme", label: `${THEMES[theme()]}; change`, title: THEMES[theme()], look: "quiet" });
  fill(nav,
    button("Write a mail", () => { location.hash = "#/compose"; }, { icon: "compose", look: "primary nav-write" }),
    el("ul", {}, AREAS.map((area) => el("li", {}, el("a", { href: `#/${area.path}`, data: { path: area.path } }, icon(area.icon), el("span", {}, area.name))))),
    el("div", { class: "nav-foot" }, choice, button("", showHelp, { icon: "help", label: "Keyboard and search help", look: "quiet" })));
  onState((state) => {
    const place = document.getElementById("link");
    place.dataset.state = state;
    place.textContent = { live: "Live", lost: "Offline", connecting: "…" }[state];
  });
  document.addEventListener("keydown", handleKey);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#nav, #menu")) closeMenu();
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    // Its hash is no place of the page.
    event.preventDefault();
    main.focus();
  });
  window.addEventListener("hashchange", show);
}

/** The emulator's clock can be moved; what is told as "an hour ago" follows it. */
async function readClock() {
  try {
    setClock((await get("health")).time);
  } catch {
    // Times are then told by this machine's clock.
  }
}

function open() {
  isLocked = false;
  document.body.classList.remove("is-locked");
  shown.module = null;
  start();
  faults.start();
  show().then(fetchPanels);
}

function lock() {
  if (isLocked) return;
  isLocked = true;
  end();
  shown = { module: null, end: null, turn: shown.turn + 1, hasFailed: false };
  document.body.classList.add("is-locked");
  document.title = "Locked · Mailferry";
  login.ask(main, open);
}

furnish();
onLocked(lock);
offline.start(() => {
  if (shown.hasFailed) show();
});
await readClock();
onChange(["account"], readClock);
if (await login.isOpen()) open();
else lock();
