// `mailferry emulate` as a child process, and what its inspection shows.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const START_LIMIT = 30_000;

/** Starts an emulator at a free port; `end` stops it. */
export async function startEmulator(binary, flags = []) {
  const args = ["emulate", "--listen", "127.0.0.1:0", "--json", ...flags];
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(START_LIMIT) });
  return new Emulator(child, JSON.parse(line));
}

class Emulator {
  constructor(child, { url, token, submission }) {
    this.child = child;
    this.url = url;
    this.token = token;
    const [host, port] = (submission ?? ":0").split(":");
    this.submission = { host, port: Number(port) };
  }

  /** One for each recipient of each message, oldest first. */
  async emails() {
    return (await this.inspect("GET", "/emails")).json();
  }

  async file(attachment) {
    const bytes = await (await this.inspect("GET", attachment.url.replace("/_emulator", ""))).arrayBuffer();
    return Buffer.from(bytes);
  }

  async reset() {
    await this.inspect("DELETE", "");
  }

  async end() {
    this.child.kill("SIGTERM");
    await once(this.child, "exit");
  }

  async inspect(method, path) {
    const answer = await fetch(`${this.url.replace("/v1/", "")}/_emulator${path}`, { method });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status}`);
    }
    return answer;
  }
}
