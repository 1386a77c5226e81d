//! Who is not written to, and why.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Suppressions";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("suppressions");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "Who is not written to, and why."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["suppressions"], draw);
}
