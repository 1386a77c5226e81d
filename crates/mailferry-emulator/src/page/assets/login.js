//! The question for the token, where the emulator listens for other machines.

import { get, send } from "./api.js";
import { el, fill } from "./dom.js";
import { field, form, input, submit } from "./ui.js";

/** Whether the page may ask; otherwise it is to be let in first. An emulator without sessions lets everybody in. */
export async function isOpen() {
  try {
    await get("session");
    return true;
  } catch (error) {
    return error.status !== 401;
  }
}

/** Asks for the token in `root`, and calls `done` once it was taken. */
export function ask(root, done) {
  const token = input({ type: "password", name: "token", required: true, autocomplete: "current-password" });
  const told = el("p", { class: "problem", role: "alert" });
  const login = form(async () => {
    told.textContent = "";
    try {
      await send("POST", "session", { token: token.value.trim() });
      done();
    } catch (error) {
      told.textContent = error.status === 401 ? "The emulator does not know this token." : error.message;
      token.select();
    }
  }, field("Token", token, { help: "One of the API tokens that the emulator was started with, or the one that it printed." }), told, submit("Open the mailbox"));
  fill(root, el("div", { class: "login" }, el("h1", {}, "This mailbox is locked"),
    el("p", {}, "The emulator listens for other machines, so it asks who is there."), login));
  token.focus();
}
