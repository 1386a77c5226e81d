// Lets MailerSend's own Node SDK and Nodemailer send to `mailferry emulate`: node run_node.mjs --mailferry PATH

import { parseArgs } from "node:util";
import { resolve } from "node:path";

import { startEmulator } from "./emulator.mjs";
import { mailChecks } from "./mail_checks.mjs";
import { checks, leadTo, limits, sdkOf } from "./sdk_checks.mjs";

const FLAGS = ["--delivery-delay", "0", "--submission", "0"];
const LIMITED = ["--limits", "documented", "--quota", "3"];

async function run(binary, flags, named) {
  const emulator = await startEmulator(binary, flags);
  const restore = leadTo(emulator);
  const results = [];
  try {
    for (const [name, check] of named) {
      await emulator.reset();
      results.push(await passes(name, () => check(sdkOf(emulator), emulator)));
    }
  } finally {
    restore();
    await emulator.end();
  }
  return results;
}

async function passes(name, check) {
  try {
    await check();
  } catch (cause) {
    console.log(`FAILED ${name}`, cause);
    return false;
  }
  console.log(`ok ${name}`);
  return true;
}

const labelled = (label, all) =>
  Object.entries(all).map(([name, check]) => [`${label} ${name.replaceAll("_", " ")}`, check]);

const { values } = parseArgs({ options: { mailferry: { type: "string" } } });
if (!values.mailferry) {
  console.error("usage: node run_node.mjs --mailferry PATH");
  process.exit(2);
}
const binary = resolve(values.mailferry);
const results = [
  ...(await run(binary, FLAGS, [...labelled("sdk", checks), ...labelled("nodemailer", mailChecks)])),
  ...(await run(binary, LIMITED, labelled("limits", limits))),
];
const failed = results.filter((passed) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
