//! Where mail to the application goes.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Inbound routes";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("inbound/routes");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "Where mail to the application goes."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["routes"], draw);
}
