//! Inbound.

import { fill } from "../dom.js";
import { empty, panelHead } from "../ui.js";

export const title = "Inbound";

export function mount(root) {
  fill(root, panelHead(title), empty("Nothing yet"));
}
