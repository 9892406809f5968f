// weight: 11 s, 0.4 cores
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import * as keyFile from "../../tools/server/keys.ts";
import * as logger from "../../tools/server/logger.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { connect } from "../../tools/wire/mqtt.ts";
import { missing as brokerMissing } from "../../tools/demo/broker.ts";
import { broker } from "./broker.ts";
import { AUDIENCE, ask, folder, text } from "./harness.ts";
import { run } from "./program.ts";
import { until } from "./wait.ts";

/** Every way a secret could be written. */
function written(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret);
  const forms = [bytes.toString("hex"), bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
  return [...forms, bytes.toString("latin1"), bytes.join(","), bytes.toString("hex").toUpperCase()];
}

void test(
  "a server's whole run at level debug: the log contains every event and no secret",
  { skip: brokerMissing() },
  async (t) => {
    const place = folder(t);
    const post = await broker(t);
    const refusing = createServer((_, response) => response.writeHead(500).end()).listen(0, "127.0.0.1");
    await once(refusing, "listening");
    t.after(() => refusing.close());
    const hook = `http://127.0.0.1:${(refusing.address() as { port: number }).port}/hook-secret-7?k=hook-secret-8`;
    const key = join(place, "server.key");
    const server = await run(t, [
      "--database",
      join(place, "signet.db"),
      "--key",
      key,
      "--audience",
      AUDIENCE,
      "--policy",
      "claim",
      "--log",
      "debug",
      "--webhook",
      hook,
      "--mqtt",
      post.url.replace("//", "//server:broker-secret-9@"),
    ]);
    const token = server.adminToken!;
    const call = (path: string, body: object): ReturnType<typeof ask> =>
      ask(server, token, path, { method: "POST", body: JSON.stringify(body) });
    const secrets = [text(token), text("hook-secret-7"), text("hook-secret-8"), text("broker-secret-9")];
    for (const name of ["reader", "gone"])
      secrets.push(text((await call("/v1/tokens", { name, scope: "read" })).body.token));
    await call("/v1/tokens/end", { name: "gone" });
    for (let i = 0; i < 12; i++) {
      const guess = `signet_guess-${i}-${"x".repeat(20)}`;
      secrets.push(text(guess));
      await ask(server, guess, "/v1/devices");
    }
    const { body } = await call("/v1/claims", { count: 3, expiresAt: Date.now() + 1e6, note: "batch" });
    const claims = (body.claims as string[]).map((claim) => fromHex(claim)!);
    secrets.push(...claims);
    const seeds = [1, 2, 3].map((i) => new Uint8Array(32).fill(0x60 + i));
    secrets.push(...seeds);
    const device = (i: number, claim: Uint8Array): Device =>
      new Device({ audience: AUDIENCE, serverKey: server.publicKey, seed: seeds[i]!, claim });
    const [first, second, stranger] = [
      device(0, claims[0]!),
      device(1, claims[1]!),
      device(2, new Uint8Array(16).fill(9)),
    ];
    secrets.push(new Uint8Array(16).fill(9));
    const way = await connect(post.url, hex(second.id));
    t.after(() => way.close());
    for (const [one, to] of [
      [first, server.url],
      [second, way.carry],
      [stranger, server.url],
    ] as const) {
      const nonce = await exchange.challenge(to);
      secrets.push(nonce);
      const carry = typeof to === "string" ? exchange.http(to) : to;
      const message = one.enrol(nonce);
      one.enrolled(await carry("enrol", message), message);
    }
    const data = text("a confidential reading");
    secrets.push(data, text("open the door"));
    await call(`/v1/devices/${hex(first.id)}/downlinks`, {
      data: hex(text("open the door")),
      expiresAt: Date.now() + 1e6,
    });
    for (const [one, to] of [
      [first, server.url],
      [second, way.carry],
    ] as const) {
      assert.equal((await exchange.report(one, to, data)).kind, "accepted");
      const flipped = one.report(data);
      flipped[flipped.length - 1]! ^= 1;
      await exchange.send(one, to, [flipped]);
      await exchange.send(one, to, [
        one.report(text("forked"), { counter: 1, after: { counter: 0, hash: new Uint8Array(32) } }),
      ]);
    }
    await call(`/v1/devices/${hex(second.id)}/restore`, { reason: "checked" });
    await call(`/v1/devices/${hex(second.id)}/revoke`, { reason: "stolen" });
    await fetch(`${server.url}/v1/reports`, { method: "POST", body: Uint8Array.from(data) });
    await post.stop();
    await pause(300);
    await post.start();
    await until("the log has the broker back", () => /"broker":"back"/.test(server.said().stderr));
    await until("the log has the webhook's refusal", () => /"refused":"status 500"/.test(server.said().stderr));
    assert.equal(await server.stop(), 0);
    const { stdout, stderr } = server.said();
    const signing = keyFile.load(key).signing;
    secrets.push(signing.object.export({ format: "der", type: "pkcs8" }).subarray(-32));
    secrets.push(text(readFileSync(key, "utf-8").split("\n")[1]!));
    for (const secret of secrets)
      for (const form of written(secret)) {
        assert.ok(!stderr.includes(form), `in the log: ${Buffer.from(secret).toString()}`);
        if (secret !== secrets[0]) assert.ok(!stdout.includes(form), `printed: ${Buffer.from(secret).toString()}`);
      }
    assert.equal(stdout.split(token).length, 2, "the first token is shown once");

    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      assert.match(String(line["time"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.match(String(line["level"]), /^(debug|info|warn|error)$/);
      assert.equal(typeof line["msg"], "string");
    }
    const said = lines.map(({ level, msg, verdict, state, what, broker: b, refused }) =>
      [level, msg, verdict ?? state ?? what ?? b ?? refused].join(" "),
    );
    for (const wanted of [
      "info enrol accepted",
      "debug enrol not-invited",
      "debug report accepted",
      "debug report bad-signature",
      "debug report malformed",
      "debug report forked",
      "warn alarm fork: same-counter",
      "info state active",
      "info state revoked",
      "warn mqtt lost",
      "warn mqtt back",
      "warn webhook status 500",
    ])
      assert.ok(said.includes(wanted), `${wanted} is missing:  ${[...new Set(said)].join("; ")}`);
  },
);

void test("a level includes its own lines and no others, and a repeated failure is logged once", () => {
  const said = (level: logger.Level): string[] => {
    const lines: string[] = [];
    const log = logger.make(level, { write: (line: string) => void lines.push(line) });
    logger.note(log, { kind: "report", verdict: "accepted", device: "d", counter: 1, data: text("x"), at: 0 });
    logger.note(log, { kind: "enrol", verdict: "accepted", device: "d", at: 0 });
    logger.note(log, { kind: "alarm", device: "d", what: "w", at: 0 });
    const complain = logger.complainer(log);
    for (let i = 0; i < 1000; i++)
      complain(Object.assign(new Error("disk full"), { code: "E", parameters: ["secret"] }));
    return lines.map((line) => `${JSON.parse(line).level} ${JSON.parse(line).msg}`);
  };
  assert.deepEqual(said("error"), ["error disk full"]);
  assert.deepEqual(said("warn"), ["warn alarm", "error disk full"]);
  assert.deepEqual(said("info"), ["info enrol", "warn alarm", "error disk full"]);
  assert.deepEqual(said("debug"), ["debug report", "info enrol", "warn alarm", "error disk full"]);
});
