//! The strip that says, on every panel, that the emulator is gone.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { onState } from "./live.js";

/** A connection that comes back at once is nothing to speak of; in milliseconds. */
const PATIENCE = 600;

/** Puts the strip into the page, once; `back()` is called when the emulator is there again. */
export function start(back) {
  const strip = el("div", { class: "strip bad", role: "alert", hidden: true }, icon("warning"),
    el("span", {}, "The emulator does not answer. What you see may be old; it goes on by itself once the emulator runs again."));
  let wasLost = false;
  let timer = 0;
  document.body.append(strip);
  onState((state) => {
    clearTimeout(timer);
    if (state === "lost") {
      wasLost = true;
      timer = setTimeout(() => { strip.hidden = false; }, PATIENCE);
    } else if (state === "live") {
      strip.hidden = true;
      if (wasLost) back();
      wasLost = false;
    }
  });
}
