//! Elements from data. Text is always a text node: nothing here reads HTML.

/** Set as properties, because the attribute is only where they begin. */
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "hidden", "open"]);
/** The schemes that a link or a picture may have. */
const HARMLESS = /^(?:https?:|mailto:|data:image\/|blob:|[#/?.]|$)/i;

/**
 * An element: `el("a", {class: "name", href: "#/", onclick: f, "aria-label": "…"}, "text", node, [more])`.
 *
 * Attributes that are null, undefined or false are left out, and `true` is an empty attribute. A name that begins with
 * `on` takes a function. Addresses that could run something are left out.
 */
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else if (value === false) continue;
    else if ((name === "href" || name === "src") && !HARMLESS.test(String(value).trim())) continue;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/** Appends strings, numbers, nodes and lists of them; null, undefined and booleans are nothing. */
export function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || typeof child === "boolean") continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replaces everything in `node`. */
export function fill(node, ...children) {
  const fresh = document.createDocumentFragment();
  append(fresh, children);
  node.replaceChildren(fresh);
  return node;
}

/** An id that is new on this page, for labels and what they label. */
let last = 0;
export const freshId = (prefix = "id") => `${prefix}-${++last}`;
