// MailerSend's official Node SDK, unmodified, against the emulator: what it sends is there, and what it asks for, too.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";

import {
  Attachment,
  BlockListType,
  Domain,
  EmailParams,
  EmailWebhook,
  EmailWebhookEventType,
  Inbound,
  InboundFilterType,
  MailerSend,
  Recipient,
  Sender,
} from "mailersend";

const VENDOR = "https://api.mailersend.com/v1/";
const HOUR = 3600;
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** The SDK has no setting for its base URL. It asks `globalThis.fetch` for every request, so that is where it is led. */
export function leadTo(emulator) {
  const fetched = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const url = String(input?.url ?? input);
    const there = url.startsWith(VENDOR) ? emulator.url + url.slice(VENDOR.length) : input;
    return fetched(there, init);
  };
  return () => {
    globalThis.fetch = fetched;
  };
}

export const sdkOf = (emulator) => new MailerSend({ apiKey: emulator.token });

export const plainMessage = (to = "ann@one.example") =>
  new EmailParams()
    .setFrom(new Sender("shop@mail.example", "Obchod"))
    .setTo([new Recipient(to, "Ann Lee")])
    .setSubject("Objednávka")
    .setText("Ahoj")
    .setHtml("<p>Ahoj</p>");

/** What a promise is refused with; the SDK throws its answers. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (answer) {
    return answer;
  }
  throw new assert.AssertionError({ message: "it was accepted" });
}

async function eventually(ask) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await ask();
    if (found.length > 0) {
      return found;
    }
    assert.ok(Date.now() < deadline, "it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function domainId(sdk) {
  await sdk.email.send(plainMessage());
  const { body } = await sdk.email.domain.list({ limit: 100 });
  return body.data.find((domain) => domain.name === "mail.example").id;
}

export const checks = {
  async plain(sdk, emulator) {
    const answer = await sdk.email.send(plainMessage());
    const [email] = await emulator.emails();
    assert.equal(answer.statusCode, 202);
    assert.equal(answer.headers["x-message-id"], email.message_id);
    assert.deepEqual([email.via, email.subject, email.text, email.html], ["api", "Objednávka", "Ahoj", "<p>Ahoj</p>"]);
    assert.deepEqual(email.from, { email: "shop@mail.example", name: "Obchod" });
  },

  async everything(sdk, emulator) {
    const message = plainMessage()
      .setCc([new Recipient("cc@two.example")])
      .setBcc([new Recipient("bcc@two.example")])
      .setReplyTo(new Sender("help@mail.example", "Help"))
      .setTags(["order", "štítek"])
      .setHeaders([{ name: "X-Order", value: "12" }])
      .setSettings({ track_clicks: true, track_opens: false })
      .setPersonalization([{ email: "ann@one.example", data: { name: "Ann" } }])
      .setSubject("For {{ name }}")
      .setAttachments([
        new Attachment(Buffer.from("a;b\n").toString("base64"), "a.csv"),
        new Attachment(PNG.toString("base64"), "logo.png", "inline", "logo"),
      ]);
    await sdk.email.send(message);
    const emails = await emulator.emails();
    assert.deepEqual(emails.map((email) => email.role), ["to", "cc", "bcc"]);
    const [email] = emails;
    assert.deepEqual([email.subject, email.tags, email.headers], ["For Ann", ["order", "štítek"], [["X-Order", "12"]]]);
    assert.deepEqual(email.attachments.map((file) => [file.filename, file.inline, file.id]), [
      ["a.csv", false, null],
      ["logo.png", true, "logo"],
    ]);
    assert.deepEqual(await emulator.file(email.attachments[1]), PNG);
  },

  async bulk(sdk, emulator) {
    const wrong = plainMessage().setTo([new Recipient("ann@one.example"), new Recipient("ann@one.example")]);
    const { statusCode, body } = await sdk.email.sendBulk([plainMessage(), wrong, plainMessage("bob@one.example")]);
    assert.equal(statusCode, 202);
    const [status] = await eventually(async () => {
      const { data } = (await sdk.email.getBulkStatus(body.bulk_email_id)).body;
      return data.state === "completed" ? [data] : [];
    });
    assert.deepEqual([status.total_recipients_count, status.validation_errors_count], [4, 1]);
    const emails = await emulator.emails();
    assert.deepEqual(emails.map((email) => email.message_id).sort(), [...status.messages_id].sort());
  },

  async schedules(sdk) {
    const due = Math.floor(Date.now() / 1000) + HOUR;
    const { headers } = await sdk.email.send(plainMessage().setSendAt(due));
    const id = headers["x-message-id"];
    const { body } = await sdk.email.schedule.list({ status: "scheduled" });
    assert.deepEqual(body.data.map((one) => one.message_id), [id]);
    assert.equal((await sdk.email.schedule.single(id)).body.data.subject, "Objednávka");
    assert.equal((await sdk.email.schedule.delete(id)).statusCode, 204);
    assert.deepEqual((await sdk.email.schedule.list()).body.data, []);
  },

  async refused(sdk, emulator) {
    const answer = await refusal(sdk.email.send(plainMessage().setTags(["t", "t", "t", "t", "t", "t"])));
    assert.deepEqual([answer.statusCode, Object.keys(answer.body.errors)], [422, ["tags"]]);
    const unknown = await refusal(sdk.email.message.single("0".repeat(24)));
    assert.deepEqual([unknown.statusCode, unknown.body.message], [404, "Resource not found."]);
    const stranger = await refusal(new MailerSend({ apiKey: "mlsn.wrong" }).email.send(plainMessage()));
    assert.deepEqual([stranger.statusCode, stranger.body.message], [401, "Unauthenticated."]);
    assert.deepEqual(await emulator.emails(), []);
  },

  async messages_and_emails(sdk) {
    const { headers } = await sdk.email.send(plainMessage());
    const id = headers["x-message-id"];
    assert.ok((await sdk.email.message.list({ limit: 10 })).body.data.some((one) => one.id === id));
    const message = (await sdk.email.message.single(id)).body.data;
    assert.deepEqual([message.id, message.emails[0].subject], [id, "Objednávka"]);
    const now = Math.floor(Date.now() / 1000);
    const asking = { domain_id: message.domain.id, date_from: now - HOUR, date_to: now };
    const [row] = (await sdk.email.list(asking)).body.data;
    assert.equal((await sdk.email.single(row.id)).body.data.recipient.email, "ann@one.example");
    const { body } = await sdk.others.getApiQuota();
    assert.deepEqual(Object.keys(body).sort(), ["quota", "remaining", "reset"]);
  },

  async activities(sdk) {
    const id = await domainId(sdk);
    await sdk.email.send(plainMessage("open@one.example"));
    const [opened] = await eventually(async () => {
      const now = Math.floor(Date.now() / 1000);
      const asking = { date_from: now - HOUR, date_to: now, event: ["opened"], limit: 10 };
      return (await sdk.email.activity.domain(id, asking)).body.data;
    });
    assert.equal(opened.email.recipient.email, "open@one.example");
    assert.equal((await sdk.email.activity.single(opened.id)).body.data.type, "opened");
  },

  async suppressions(sdk) {
    const domain_id = await domainId(sdk);
    const lists = ["BLOCK_LIST", "HARD_BOUNCES_LIST", "SPAM_COMPLAINTS_LIST", "UNSUBSCRIBES_LIST"];
    for (const list of lists.map((name) => BlockListType[name])) {
      const added = await sdk.email.recipient.blockRecipients({ domain_id, recipients: ["gone@one.example"] }, list);
      assert.equal(added.statusCode, 201, list);
      const [entry] = (await sdk.email.recipient.blockList({ domain_id }, list)).body.data;
      const answer = await sdk.email.send(plainMessage("gone@one.example"));
      assert.equal(answer.body.warnings[0].type, "ALL_SUPPRESSED", list);
      assert.equal((await sdk.email.recipient.delBlockListRecipients([entry.id], list, domain_id)).statusCode, 200);
      assert.deepEqual((await sdk.email.recipient.blockList({ domain_id }, list)).body.data, [], list);
    }
    assert.deepEqual((await sdk.email.recipient.blockList({}, BlockListType.ON_HOLD_LIST)).body.data, []);
  },

  async domains(sdk) {
    const created = await sdk.email.domain.create(new Domain("node.example"));
    assert.equal(created.statusCode, 201);
    const { id } = created.body.data;
    assert.equal((await sdk.email.domain.single(id)).body.data.name, "node.example");
    const changed = await sdk.email.domain.updateSettings(id, { send_paused: true });
    assert.equal(changed.body.data.domain_settings.send_paused, true);
    assert.equal((await sdk.email.domain.dns(id)).body.data.spf.hostname, "node.example");
    assert.equal((await sdk.email.domain.verify(id)).statusCode, 200);
    assert.deepEqual((await sdk.email.domain.recipients(id)).body.data, []);
    assert.equal((await sdk.email.domain.delete(id)).statusCode, 204);
    assert.equal((await refusal(sdk.email.domain.single(id))).statusCode, 404);
  },

  async recipients(sdk) {
    const domain_id = await domainId(sdk);
    const { data } = (await sdk.email.recipient.list({ domain_id, limit: 100 })).body;
    const known = data.find((one) => one.email === "ann@one.example");
    const read = (await sdk.email.recipient.single(known.id)).body.data;
    assert.equal(read.emails.at(-1).subject, "Objednávka");
    assert.equal((await sdk.email.recipient.delete(known.id)).statusCode, 204);
  },

  async templates(sdk) {
    const { body } = await sdk.email.template.list({ limit: 10 });
    assert.ok(Array.isArray(body.data) && body.meta.current_page === 1);
    assert.equal((await refusal(sdk.email.template.single("0r83ql3vxvgzw1jm"))).statusCode, 404);
  },

  async webhooks(sdk) {
    const id = await domainId(sdk);
    const told = [];
    const receiver = createServer((request, answer) => {
      let body = "";
      request.on("data", (piece) => (body += piece));
      request.on("end", () => {
        told.push({ signature: request.headers.signature, ...JSON.parse(body) });
        answer.end();
      });
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    try {
      const webhook = new EmailWebhook()
        .setUrl(`http://127.0.0.1:${receiver.address().port}/told`)
        .setName("Told")
        .setDomainId(id)
        .setEnabled(true)
        .setEvents([EmailWebhookEventType.DELIVERED]);
      const created = await sdk.email.webhook.create(webhook);
      assert.equal(created.statusCode, 201);
      const hook = created.body.data;
      assert.ok((await sdk.email.webhook.list(id)).body.data.some((one) => one.id === hook.id));
      await sdk.email.send(plainMessage("zoe@one.example"));
      const [event] = await eventually(() => told.filter((one) => one.type === EmailWebhookEventType.DELIVERED));
      assert.ok(event.signature);
      const changed = await sdk.email.webhook.update(hook.id, { name: "Renamed", enabled: false });
      assert.deepEqual([changed.body.data.name, changed.body.data.enabled], ["Renamed", false]);
      assert.equal((await sdk.email.webhook.delete(hook.id)).statusCode, 204);
    } finally {
      receiver.close();
      receiver.closeAllConnections();
    }
  },

  async inbound_routes(sdk) {
    const id = await domainId(sdk);
    const route = new Inbound("Help", false)
      .setDomainId(id)
      .setForwards([{ type: "webhook", value: "http://127.0.0.1:9/in" }])
      .setMatchFilter({ type: InboundFilterType.MATCH_ALL })
      .setCatchFilter({ type: InboundFilterType.CATCH_ALL });
    const created = await sdk.email.inbound.create(route);
    assert.equal(created.statusCode, 201);
    const { id: inboundId } = created.body.data;
    assert.equal((await sdk.email.inbound.single(inboundId)).body.data.name, "Help");
    assert.ok((await sdk.email.inbound.list()).body.data.some((one) => one.id === inboundId));
    assert.equal((await sdk.email.inbound.update(inboundId, route.setName("Renamed"))).body.data.name, "Renamed");
    assert.equal((await sdk.email.inbound.delete(inboundId)).statusCode, 204);
  },
};

export const limits = {
  async the_day_ends(sdk, emulator) {
    for (let sent = 0; sent < 3; sent += 1) {
      await sdk.email.send(plainMessage());
    }
    const answer = await refusal(sdk.email.send(plainMessage()));
    assert.equal(answer.statusCode, 429);
    assert.match(answer.body.message, /#MS42901$/);
    assert.equal((await emulator.emails()).length, 3);
  },
};
