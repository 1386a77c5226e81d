//! What is to go wrong, and for which requests.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Faults";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("faults");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "What is to go wrong, and for which requests."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["faults"], draw);
}
