//! Stored templates, their variables and a preview.

import { fill } from "../dom.js";
import { get } from "../api.js";
import { onChange } from "../live.js";
import { code, empty, panelHead, pretty } from "../ui.js";

export const title = "Templates";

export async function mount(root) {
  const draw = async () => {
    const answer = await get("templates");
    const nothing = Array.isArray(answer) && !answer.length;
    fill(root, panelHead(title, "Stored templates, their variables and a preview."), nothing ? empty("Nothing yet") : code(pretty(answer), { label: title }));
  };
  await draw();
  return onChange(["templates"], draw);
}
