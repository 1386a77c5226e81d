// Nodemailer against the port that sends by SMTP, and the SMTP users that the SDK makes for it.

import assert from "node:assert/strict";

import nodemailer from "nodemailer";

import { plainMessage } from "./sdk_checks.mjs";

const PNG = Buffer.from("iVBORw0KGgo=", "base64");

const transport = (emulator, auth = { user: "shop", pass: "sesame" }, more = {}) =>
  nodemailer.createTransport({ ...emulator.submission, auth, ...more });

const mail = (changes = {}) => ({
  from: { name: "Obchod, s.r.o.", address: "shop@mail.example" },
  to: "Ann Lee <ann@one.example>",
  subject: "Objednávka",
  text: "Ahoj",
  ...changes,
});

export const mailChecks = {
  async submitted(sdk, emulator) {
    const sent = await transport(emulator).sendMail(
      mail({
        cc: "cc@two.example",
        bcc: "bcc@two.example",
        replyTo: "Help <help@mail.example>",
        html: '<p>Ahoj <img src="cid:logo@mail.example"></p>',
        headers: { "X-MailerSend-Tags": '"order, eu"', "X-Order": "12" },
        inReplyTo: "<a@one.example>",
        attachments: [
          { filename: "logo.png", content: PNG, cid: "logo@mail.example" },
          { filename: "smlouva č. 1.csv", content: "a;b\n" },
        ],
      }),
    );
    const emails = await emulator.emails();
    const [email] = emails;
    assert.equal(sent.response, `250 Message queued as ${email.message_id}`);
    assert.deepEqual(emails.map((one) => [one.recipient.email, one.role]), [
      ["ann@one.example", "to"],
      ["cc@two.example", "cc"],
      ["bcc@two.example", "bcc"],
    ]);
    assert.deepEqual([email.via, email.subject, email.text.trimEnd()], ["smtp", "Objednávka", "Ahoj"]);
    assert.deepEqual([email.tags, email.headers], [["order", "eu"], [["X-Order", "12"]]]);
    assert.deepEqual(email.from, { email: "shop@mail.example", name: "Obchod, s.r.o." });
    assert.equal(email.request.in_reply_to, "a@one.example");
    const files = email.attachments.map((file) => [file.filename, file.inline, file.id]);
    assert.deepEqual(files, [
      ["logo.png", true, "logo@mail.example"],
      ["smlouva č. 1.csv", false, null],
    ]);
    assert.deepEqual(await emulator.file(email.attachments[0]), PNG);
    const read = await sdk.email.message.single(email.message_id);
    assert.equal(read.body.data.emails[0].subject, "Objednávka");
  },

  async pooled(_sdk, emulator) {
    const pool = transport(emulator, undefined, { pool: true, maxConnections: 2 });
    const numbers = Array.from({ length: 10 }, (_, number) => number);
    await Promise.all(numbers.map((number) => pool.sendMail(mail({ subject: `Mail ${number}` }))));
    pool.close();
    const subjects = (await emulator.emails()).map((email) => email.subject);
    assert.deepEqual(subjects.sort(), numbers.map((number) => `Mail ${number}`));
  },

  async refused(_sdk, emulator) {
    const error = await transport(emulator).sendMail(mail({ text: "" })).then(assert.fail, (found) => found);
    assert.equal(error.responseCode, 450);
    assert.match(error.response, /^450 The given data was invalid\. You must provide one of html, text or template_id\./);
    assert.deepEqual(await emulator.emails(), []);
  },

  async users(sdk, emulator) {
    await sdk.email.send(plainMessage());
    const domains = (await sdk.email.domain.list({ limit: 100 })).body.data;
    const { id } = domains.find((domain) => domain.name === "mail.example");
    const created = await sdk.email.smtpUser.create(id, { name: "Shop", enabled: true });
    assert.equal(created.statusCode, 201);
    const user = created.body.data;
    try {
      assert.deepEqual([user.server, user.port], [emulator.submission.host, emulator.submission.port]);
      const auth = { user: user.username, pass: user.password };
      for (const authMethod of ["PLAIN", "LOGIN"]) {
        await transport(emulator, auth, { authMethod }).sendMail(mail());
      }
      const stranger = await transport(emulator).sendMail(mail()).then(assert.fail, (found) => found);
      assert.deepEqual([stranger.code, stranger.responseCode], ["EAUTH", 535]);
      assert.equal((await sdk.email.smtpUser.update(id, user.id, { name: "Shop", enabled: false })).statusCode, 200);
      const disabled = await transport(emulator, auth).sendMail(mail()).then(assert.fail, (found) => found);
      assert.equal(disabled.responseCode, 535);
      assert.equal((await sdk.email.smtpUser.list(id)).body.data[0].enabled, false);
      assert.notEqual((await sdk.email.smtpUser.single(id, user.id)).body.data.accessed_at, null);
    } finally {
      assert.equal((await sdk.email.smtpUser.delete(id, user.id)).statusCode, 204);
    }
  },
};
