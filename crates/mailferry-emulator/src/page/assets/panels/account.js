//! The plan, its limits and how much of them is used.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Account";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("account");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "The plan, its limits and how much of them is used."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["account"], draw);
}
