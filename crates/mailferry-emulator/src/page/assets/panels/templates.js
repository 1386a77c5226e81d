//! Stored templates: what there is, and an editor that shows what a reader would see.

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { onChange } from "../live.js";
import { badge, button, code, confirm, copyButton, count, dialog, empty, field, form, input, panelHead, section, submit, table, tabs, textarea, time, toast } from "../ui.js";

export const title = "Templates";

const ABOUT = "Stored templates with their content. Messages name one by its template_id.";
const FRESH = { name: "", subject: "Hi {{ name }}", from: "", html: "<p>Hi {{ name }},</p>\n<p>your order has shipped.</p>\n", text: "", source: "page", variables: ["name"] };
const SOURCES = { api: "API", folder: "folder", page: "this page", builder: "test" };
/** How long nobody types before the preview follows, in milliseconds. */
const PAUSE = 250;

export async function mount(root) {
  let editing = null;
  const list = async () => {
    editing?.close();
    editing = null;
    await draw();
  };
  const edit = async (id) => {
    editing?.close();
    editing = editor(root, id ? await get(`templates/${encodeURIComponent(id)}`) : FRESH, { back: list, open: edit });
  };
  const draw = async () => {
    if (editing) return;
    const templates = await get("templates");
    if (editing) return;
    fill(root, panelHead(title, ABOUT, button("New template", () => edit(null), { look: "primary", icon: "plus" })), rows(templates, edit));
  };
  await draw();
  const stop = onChange(["templates"], draw);
  return () => {
    stop();
    editing?.close();
  };
}

const rows = (templates, edit) => table({
  caption: title,
  rows: templates,
  onrow: ({ id }) => edit(id),
  empty: empty("No templates yet", el("p", {}, "Make one here, by POST /v1/templates, or start with --templates DIR.")),
  columns: [
    { name: "Name", look: "grow", cell: (one) => [button(one.name, () => edit(one.id), { look: "small quiet" }), " ", state(one)] },
    { name: "Id", look: "code", cell: ({ id }) => el("code", {}, id) },
    { name: "Variables", cell: ({ variables, simple_variables: simple }) => [...variables, ...simple.map((name) => `{$${name}}`)].join(", ") || "–" },
    { name: "From", cell: ({ source }) => SOURCES[source] ?? source },
    { name: "Changed", cell: ({ updated_at: at }) => time(at) },
    { name: "Sent", look: "number", cell: ({ sent }) => String(sent) },
  ],
});

const state = ({ errors, problem }) => (errors?.length || problem ? badge("mistake", "bad") : null);

function editor(root, template, { back, open }) {
  const isFile = template.source === "folder";
  const readonly = isFile ? { readonly: true } : {};
  const name = input({ value: template.name ?? "", maxlength: 50, ...readonly });
  const subject = input({ value: template.subject ?? "", maxlength: 998, ...readonly });
  const from = input({ value: template.from ?? "", placeholder: "shop@example.com", ...readonly });
  const html = textarea({ value: template.html ?? "", rows: 14, class: "code", ...readonly });
  const text = textarea({ value: template.text ?? "", rows: 6, class: "code", ...readonly });
  const data = textarea({ value: sample(template.variables ?? []), rows: 6, class: "code" });
  const values = () => ({ name: name.value, subject: subject.value, from: from.value, html: html.value, text: text.value });
  const preview = previewer(() => ({ subject: subject.value, html: html.value, text: text.value, data: parsed(data) }));

  const save = async () => {
    const saved = template.id
      ? await send("PUT", `templates/${encodeURIComponent(template.id)}`, values())
      : await send("POST", "templates", values());
    toast(`Saved as ${saved.id}`, { look: "good" });
    await open(saved.id);
  };
  const remove = async () => {
    const sure = await confirm({ title: "Delete this template?", text: "Messages that name it will be refused, and those scheduled with it are not sent.", action: "Delete" });
    if (!sure) return;
    await send("DELETE", `templates/${encodeURIComponent(template.id)}`);
    await back();
  };
  const actions = [
    template.id ? button("Send a test", () => trial(template, parsed(data)), { icon: "mail" }) : null,
    template.id ? copyButton(() => curl(template, parsed(data)), { label: "Copy curl" }) : null,
    template.id && !isFile ? button("Delete", remove, { look: "danger", icon: "trash" }) : null,
  ];
  const body = form(save,
    isFile ? el("p", { class: "callout" }, "This template is a file. Change the file, and it is read again.") : null,
    template.problem ? el("p", { class: "callout" }, template.problem) : null,
    el("div", { class: "row" }, field("Name", name), field("Sender of messages without one", from)),
    field("Subject of messages without one", subject, { help: "Values only: conditions and loops do not compile here." }),
    field("HTML", html),
    field("Text", text),
    isFile ? null : submit(template.id ? "Save" : "Create"));
  fill(root,
    panelHead(template.name || "New template", template.id ? `template_id ${template.id}, from ${SOURCES[template.source] ?? template.source}` : "It gets its id when it is created.",
      button("All templates", back, { icon: "back", look: "quiet" }), actions),
    el("div", { class: "template-editor" }, body,
      section("What a reader sees", field("Data of the reader, JSON", data), preview.element)));
  for (const control of [subject, html, text, data]) control.addEventListener("input", preview.soon);
  preview.soon();
  return { close: preview.stop };
}

/** Data to begin with: each variable with its own name as its value. */
const sample = (variables) => JSON.stringify(Object.fromEntries(variables.map((name) => [name, name])), null, 2);

/** The data in `control`, or nothing while they are no JSON object. */
function parsed(control) {
  try {
    const value = JSON.parse(control.value || "{}");
    const fits = value !== null && typeof value === "object" && !Array.isArray(value);
    control.setCustomValidity(fits ? "" : "An object is wanted");
    control.setAttribute("aria-invalid", String(!fits));
    return fits ? value : undefined;
  } catch {
    control.setAttribute("aria-invalid", "true");
    return undefined;
  }
}

function previewer(draft) {
  const remarks = el("div", { class: "template-remarks", role: "status" });
  const shownSubject = el("p", { class: "template-subject" });
  const frame = el("iframe", { class: "template-frame", title: "The HTML as its reader sees it", sandbox: "", referrerpolicy: "no-referrer" });
  const shownText = el("div", {});
  const views = tabs("Preview", [
    { id: "html", name: "HTML", show: () => frame },
    { id: "text", name: "Text", show: () => shownText },
  ]);
  let timer = null;
  let turn = 0;
  const draw = async () => {
    const mine = ++turn;
    const body = draft();
    if (body.data === undefined) {
      fill(remarks, mistake({ field: "data", text: "the data are not a JSON object" }));
      return;
    }
    let answer;
    try {
      answer = await send("POST", "templates/preview", body);
    } catch (error) {
      if (mine === turn) fill(remarks, mistake({ field: "preview", text: error.message }));
      return;
    }
    if (mine !== turn) return;
    const { subject, text, html_url: url, warnings, error } = answer;
    fill(shownSubject, el("span", { class: "help" }, "Subject: "), subject ?? "–");
    // What was shown before stays while there is a mistake.
    if (url) frame.src = url;
    else if (!error) frame.removeAttribute("src");
    fill(shownText, text ? code(text, { label: "Text" }) : el("p", { class: "help" }, "There is no text."));
    fill(remarks, error ? mistake(error) : null,
      warnings.length ? el("ul", {}, warnings.map((one) => el("li", {}, badge(one.field, "warn"), " ", one.text))) : null,
      error || warnings.length ? null : el("p", {}, badge("nothing is missing", "good")));
  };
  return {
    element: el("div", { class: "template-preview" }, remarks, shownSubject, views.element),
    soon() {
      clearTimeout(timer);
      timer = setTimeout(draw, PAUSE);
    },
    stop() {
      clearTimeout(timer);
      turn += 1;
    },
  };
}

const mistake = ({ field: where, line, text, excerpt }) => el("div", {},
  el("p", {}, badge(where, "bad"), line ? ` line ${line}: ` : " ", text),
  excerpt ? el("pre", { class: "template-excerpt" }, excerpt) : null);

function trial(template, data) {
  const to = input({ type: "email", value: "reader@example.com" });
  const shown = dialog({
    title: "Send a test",
    body: form(async () => {
      await send("POST", `templates/${encodeURIComponent(template.id)}/send`, { to: to.value, data: data ?? {} });
      shown.close();
      toast("Sent: it is in the mailbox", { look: "good" });
    }, el("p", {}, `With ${count(Object.keys(data ?? {}).length, "value")} of the reader's data, as a request to the API would be.`), field("To", to), submit("Send", { icon: "mail" })),
  });
  to.focus();
}

/** A request that sends the saved template, for a shell. */
function curl(template, data) {
  const message = {
    template_id: template.id, to: [{ email: "reader@example.com" }],
    ...(template.from ? {} : { from: { email: "shop@example.com" } }),
    ...(template.subject ? {} : { subject: "Hello" }),
    personalization: [{ email: "reader@example.com", data: data ?? {} }],
  };
  const quoted = JSON.stringify(message, null, 2).replaceAll("'", "'\\''");
  return `curl -i ${location.origin}/v1/email \\\n  -H "Authorization: Bearer $MAILERSEND_API_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted}'\n`;
}
