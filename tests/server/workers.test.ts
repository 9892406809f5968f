// weight: 30 s, 0.5 cores
/** Several workers on one port, as the real program runs them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as workers from "../../tools/server/workers.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { AUDIENCE, folder, missing, text } from "./harness.ts";
import * as postgres from "./postgres.ts";
import { run, verb } from "./program.ts";
import { repeat, until } from "./wait.ts";

/** The worker processes of a supervisor. */
function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

void test(
  "workers share the port and the database; one that is killed is replaced, and a stop ends all of them with 0",
  { skip: missing("postgres") },
  async (t) => {
    const database = await postgres.database();
    const options = ["--database", database, "--key", join(folder(t), "server.key"), "--audience", AUDIENCE];
    const server = await run(t, [...options, "--workers", "2"]);
    const pid = server.child.pid!;
    await until("two workers serve", () => server.said().stdout.includes("2 workers serve"));
    assert.equal(workersOf(pid).length, 2);
    assert.equal(server.said().stdout.match(/^admin token/gm)!.length, 1);
    // One connection to each: they are handed out in turn.
    const devices = Array.from({ length: 6 }, () => new Device({ audience: AUDIENCE, serverKey: server.publicKey }));
    const send = async (device: Device, report: Uint8Array): Promise<boolean> => {
      const verdict = await exchange.send(device, server.url, [report]).catch(() => undefined);
      return verdict?.kind === "accepted";
    };
    for (const device of devices) {
      assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
      assert.ok(await send(device, device.report(text("first"))));
    }
    const [killed] = workersOf(pid);
    process.kill(killed!, "SIGKILL");
    await until("a worker in its place", () => workersOf(pid).length === 2 && !workersOf(pid).includes(killed!));
    assert.match(server.said().stderr, new RegExp(`worker ${killed} ended with SIGKILL`));
    for (const device of devices) {
      const report = device.report(text("second"));
      await repeat("a report is accepted", () => send(device, report));
    }
    assert.equal(await server.stop(), 0);
  },
);

void test("workers on SQLite, or with CoAP, are refused", () => {
  const coap = { port: 0 };
  assert.throws(() => workers.check({ database: "signet.db" }), /several workers need PostgreSQL/);
  assert.throws(() => workers.check({ database: "postgres://host/name", coap }), /cannot share a port of CoAP/);
  workers.check({ database: "postgres://host/name" });
});

void test("a first worker that cannot start ends the program with its error", async (t) => {
  const [database, key] = ["postgres://nobody@127.0.0.1:1/none", join(folder(t), "server.key")];
  const child = verb(t, "server", "--port", "0", "--workers", "2", "--database", database, "--key", key);
  let said = "";
  child.stderr!.on("data", (part: Buffer) => (said += part.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(code, 1);
  assert.match(said, /^error: PostgreSQL does not answer/);
});
