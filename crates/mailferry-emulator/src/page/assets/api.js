//! Questions to the emulator that serves this page.

const BASE = "/_emulator/";

/** What the emulator refused, with its own words. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Called whenever an answer says that a token is needed. */
let whenLocked = () => {};
export const onLocked = (callback) => {
  whenLocked = callback;
};

/** The address of `path` below the inspection's. Parts of it that are data go through `encodeURIComponent` first. */
export const address = (path) => BASE + path;

async function ask(method, path, body, { signal, type } = {}) {
  const options = { method, signal, cache: "no-store", credentials: "same-origin", headers: {} };
  if (body !== undefined) {
    options.headers["content-type"] = type ?? "application/json";
    options.body = type ? body : JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(address(path), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The emulator does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== "session") whenLocked();
  throw new ApiError(answer.status, await sentence(answer));
}

async function sentence(answer) {
  const fallback = `The emulator answered with status ${answer.status}.`;
  try {
    const said = await answer.json();
    return typeof said.message === "string" ? said.message : fallback;
  } catch {
    return fallback;
  }
}

async function read(answer) {
  const text = await answer.text();
  const type = answer.headers.get("content-type") ?? "";
  if (!type.includes("json")) return text;
  return text ? JSON.parse(text) : null;
}

/** The JSON, or else the text, at `path`. Throws an `ApiError`. */
export async function get(path, options) {
  return read(await ask("GET", path, undefined, options));
}

/** Sends `body` as JSON, or as it is when `options.type` says what it is; gives what was answered. */
export async function send(method, path, body, options) {
  return read(await ask(method, path, body, options));
}

/** A path with a query of the parameters that are not null, undefined or empty. */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
