// weight: 20 s, 1 core
/** A C program's client of MQTT on the ELF in QEMU, beside its reports: through mosquitto inside TLS, and to `tools/server`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectAsync } from "mqtt";
import { missing, startBroker } from "../../../tools/demo/broker.ts";
import * as tls from "../../../tools/server/tls.ts";
import { until } from "../../server/wait.ts";
import { start } from "../beside.ts";
import PUBSUB from "./image.ts";

const BROKER_PORT = 8883;

test("a C program publishes and receives through a broker, between reports", { skip: missing() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-pubsub-"));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const passwords = join(folder, "passwords");
    writeFileSync(passwords, "elf:secret\nother:one\n");
    execFileSync("mosquitto_passwd", ["-U", passwords]);
    const identity = await tls.load(join(folder, "broker.key"), "broker", Date.now());
    const broker = await startBroker(folder, { identity, more: `allow_anonymous false\npassword_file ${passwords}\n` });
    ends.push(() => broker.stop());
    const heard: string[] = [];
    const other = await connectAsync(broker.url, { username: "other", password: "one" });
    ends.push(() => other.endAsync(true));
    other.on("message", (topic, message) => heard.push(`${topic} ${message.toString()}`));
    await other.subscribeAsync("elf/#", { qos: 1 });
    const device = await start({
      folder,
      image: PUBSUB,
      reportIntervalMs: 3_000,
      asked: BROKER_PORT,
      port: broker.tlsPort,
      key: identity.publicKey,
      ends,
    });
    const hear = (what: string): Promise<void> => until(what, () => heard.includes(what));
    const accepted = (): number => device.events.filter(({ name }) => name === "accepted").length;

    await hear("elf/state up");
    const long = "a message of the longest kind; ".repeat(20).slice(0, 512);
    await other.publishAsync("elf/set/long", long, { qos: 1 });
    await hear(`elf/set-by/long ${long}`);
    for (let round = 0; round < 2; round++) {
      const before = accepted();
      await until("a report between messages", () => accepted() > before);
      await other.publishAsync("elf/set/round", String(round), { qos: 1 });
      await hear(`elf/set-by/round ${round}`);
    }
    assert.ok(!heard.includes("elf/state down"));
    assert.ok(!device.events.some(({ name }) => /^(tls-failed|epitaph|response-refused)$/.test(name)));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
});
