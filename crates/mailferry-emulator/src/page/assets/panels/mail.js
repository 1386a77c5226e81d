//! The mails: the list, and beside it, or over it on a phone, the open mail.

import { send } from "../api.js";
import { el, fill } from "../dom.js";
import { onKey } from "../keys.js";
import { firstMail } from "../mail/first.js";
import { hashOf, mountList, narrow } from "../mail/list.js";
import { mountView } from "../mail/view.js";
import { confirm, empty, toast } from "../ui.js";

export const title = "Mail";

export function mount(root, { parameters, query }) {
  const listBox = el("section", { class: "mail-list", "aria-label": "List of mails" });
  const viewBox = el("section", { class: "mail-view", "aria-label": "Open mail", tabindex: "-1" });
  fill(root, listBox, viewBox);
  let view = null;
  let open = null;
  let greeted = null;
  let searched = query.get("q") ?? "";

  const list = mountList(listBox, {
    query: searched,
    onquery(text) {
      searched = text;
      history.replaceState(null, "", hashOf(open, text, view?.tab));
    },
    onopen: go,
    ondraw: () => greet(),
  });

  function go(id) {
    location.hash = hashOf(id, searched);
  }

  function show(id, tab) {
    root.classList.toggle("has-mail", Boolean(id));
    listBox.inert = Boolean(id) && narrow.matches;
    list.choose(id);
    if (id === open && view) {
      view.select(tab);
      return;
    }
    view?.end();
    view = null;
    open = id;
    greeted = null;
    if (!id) {
      greet();
      return;
    }
    view = mountView(viewBox, {
      id,
      tab,
      onclose: () => go(null),
      ondelete: () => remove(id),
      ontab: (chosen) => history.replaceState(null, "", hashOf(id, searched, chosen)),
    });
    if (narrow.matches) viewBox.focus({ preventScroll: true });
  }

  /** What stands where a mail would be open. */
  function greet() {
    const isFirst = list.store.isEmpty;
    if (open || greeted === isFirst) return;
    greeted = isFirst;
    fill(viewBox, isFirst ? firstMail("Send a first mail") : empty("Choose a mail", el("p", {}, "Its text, its headers and everything that happened to it are shown here.")));
  }

  async function remove(id) {
    const sure = await confirm({ title: "Delete this mail?", text: "The whole message is forgotten, for all its recipients.", action: "Delete" });
    if (!sure) return;
    const next = narrow.matches ? null : list.after(id);
    await send("DELETE", `mailbox/${encodeURIComponent(id)}`);
    const message = view?.message;
    if (message) list.drop(message);
    toast("The mail is deleted.", { look: "good" });
    go(next);
  }

  const move = (by) => {
    const id = list.step(by);
    if (id && open) go(id);
  };
  const keys = [
    onKey("j", () => move(1)),
    onKey("k", () => move(-1)),
    onKey("Enter", () => go(list.step(0))),
    onKey("Escape", () => open && go(null)),
    onKey("/", () => list.search()),
    onKey("u", () => (view ? view.reload() : null, list.reload())),
    onKey("r", () => view?.reply()),
    onKey("#", () => open && remove(open)),
    ...Array.from({ length: 9 }, (_, i) => onKey(String(i + 1), () => view?.selectAt(i))),
  ];
  const narrowed = () => { listBox.inert = Boolean(open) && narrow.matches; };
  narrow.addEventListener("change", narrowed);

  const end = () => {
    narrow.removeEventListener("change", narrowed);
    for (const stop of keys) stop();
    view?.end();
    list.end();
  };
  end.update = (next) => {
    searched = next.query.get("q") ?? "";
    list.find(searched);
    show(next.parameters[0] ?? null, next.query.get("tab"));
  };
  show(parameters[0] ?? null, query.get("tab"));
  return end;
}
