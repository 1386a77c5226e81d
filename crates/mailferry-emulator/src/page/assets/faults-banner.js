//! The strip that says, on every panel, that something goes wrong on purpose.

import { get } from "./api.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { onChange } from "./live.js";
import { count } from "./ui.js";

/** It is asked again at most this often, in milliseconds. */
const AGAIN = 1000;

const strip = el("div", { class: "strip warn faults-banner", role: "status", hidden: true });
let timer = 0;

/** How many faults wait for something to happen to. */
export const active = ({ queued, rules }) => queued.length + rules.filter((rule) => rule.active).length;

/** Shows what there is now. Called by whoever has just asked for it. */
export function show(faults) {
  const many = active(faults);
  strip.hidden = many === 0;
  if (many) {
    fill(strip, icon("warning"), el("span", {}, `Something goes wrong on purpose: ${count(many, "fault")}. `), el("a", { href: "#/faults" }, "Look at it"));
  }
}

async function ask() {
  timer = 0;
  try {
    show(await get("faults"));
  } catch {
    // The page says by itself when the emulator is gone.
  }
}

function askSoon() {
  if (!timer) timer = setTimeout(ask, AGAIN);
}

/** Puts the strip into the page, once, and keeps it true. */
export function start() {
  if (strip.isConnected) return;
  document.body.append(strip);
  onChange(["faults", "requests", "deliveries"], askSoon);
  ask();
}
