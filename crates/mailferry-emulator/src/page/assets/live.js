//! What changes in the emulator, as it happens: one connection for all tabs of a browser.

import { address } from "./api.js";

/**
 * A browser opens six connections to one server at a time. So that a seventh tab does not wait for ever, one tab listens
 * and tells the others; when it is closed, another takes its place. Where there are no locks (by plain HTTP from another
 * machine) every tab listens for itself.
 */
const CHANNEL = "mailferry-live";
const LONGEST_WAIT = 10_000;

const listeners = new Set();
const watchers = new Set();
let state = "connecting";
let wait = 500;
let channel = null;

/**
 * Calls `callback` with each change of one of these areas: `mail`, or a name from the event's `areas`. After a gap the
 * change is `{reset: true}`: everything is to be asked for again. Gives the function that stops it.
 */
export function onChange(areas, callback) {
  const listener = { areas: new Set(areas), callback };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `callback` with `live` or `lost`, now and whenever it changes. */
export function onState(callback) {
  watchers.add(callback);
  callback(state);
  return () => watchers.delete(callback);
}

function become(next) {
  if (next === state) return;
  state = next;
  for (const watcher of watchers) watcher(state);
}

function tell(change) {
  const areas = new Set(change.areas ?? []);
  if (change.rows?.length || change.removed?.length || change.reset) areas.add("mail");
  for (const { areas: wanted, callback } of [...listeners]) {
    if (change.reset || [...wanted].some((area) => areas.has(area))) callback(change);
  }
}

/** The same, and for the other tabs. */
function publish(change) {
  channel?.postMessage({ change });
  tell(change);
}

function announce(next) {
  channel?.postMessage({ state: next });
  become(next);
}

/** A connection that breaks comes back by itself, and is then told what it missed; one that was refused does not. */
function listen(isAnother = false) {
  const source = new EventSource(address("live"));
  let hasMissed = isAnother;
  source.onopen = () => {
    wait = 500;
    if (hasMissed) publish({ reset: true });
    hasMissed = false;
    announce("live");
  };
  source.addEventListener("change", (event) => publish(JSON.parse(event.data)));
  source.onerror = () => {
    announce("lost");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => listen(true), wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

/** Begins to listen, once. */
export function start() {
  if (!navigator.locks || !globalThis.BroadcastChannel) {
    listen();
    return;
  }
  channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (data.asks && state !== "connecting") channel.postMessage({ state });
    if (data.state) become(data.state);
    if (data.change) tell(data.change);
  };
  channel.postMessage({ asks: true });
  // Held until the tab is closed.
  navigator.locks.request(CHANNEL, () => {
    listen();
    return new Promise(() => {});
  });
}
