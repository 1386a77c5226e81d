//! Who is told what happened, and how they answered.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Webhooks";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("webhooks");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "Who is told what happened, and how they answered."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["webhooks"], draw);
}
