// weight: 23 s, 0.5 cores
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Store } from "../../tools/server/store/store.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import { AUDIENCE, FLAVOURS, folder, missing, text } from "./harness.ts";
import * as postgres from "./postgres.ts";
import { run } from "./program.ts";
import { until } from "./wait.ts";

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: SIGTERM under load: requests in progress are answered, answered reports are stored, and the program ends with 0`,
    { skip: missing(flavour) },
    async (t) => {
      const place = folder(t);
      const database = flavour === "sqlite" ? join(place, "signet.db") : await postgres.database();
      const server = await run(t, ["--database", database, "--key", join(place, "server.key"), "--audience", AUDIENCE]);
      const devices = Array.from({ length: 16 }, () => new Device({ audience: AUDIENCE, serverKey: server.publicKey }));
      const acknowledged = new Set<string>();
      // One that never finishes its request, and one that asks for the API over and over on a connection it keeps.
      const half = connect(Number(new URL(server.url).port), "127.0.0.1");
      half.on("error", () => undefined);
      half.write(
        "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor-seq\r\ncontent-length: 100\r\n\r\nabc",
      );
      const asking = (async () => {
        for (;;)
          if ((await fetch(`${server.url}/v1/server`)).status !== 200)
            throw new assert.AssertionError({ message: "not answered" });
      })();
      const working = devices.map(async (device) => {
        await exchange.enrol(device, server.url);
        for (;;) {
          const report = device.report(text("x"));
          const verdict = await exchange.send(device, server.url, [report]);
          assert.equal(verdict.kind, "accepted");
          acknowledged.add(hex(hash(report)));
        }
      });
      const ended = Promise.allSettled([...working, asking]);
      await until("200 reports are acknowledged", () => acknowledged.size >= 200);
      assert.equal(await server.stop(), 0);
      for (const result of await ended) {
        assert.ok(result.status === "rejected" && !(result.reason instanceof assert.AssertionError), String(result));
      }
      const store = await Store.open(database);
      const stored = await store.read.selectFrom("reports").select("hash").execute();
      await store.close();
      // Not one more either: each request that was taken has its answer.
      assert.deepEqual(new Set(stored.map((row) => hex(row.hash))), acknowledged);
    },
  );
}
