/** Requests of devices while a server with a name is away from its broker. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { missing as brokerMissing } from "../../tools/demo/broker.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { connect } from "../../tools/wire/mqtt.ts";
import { broker } from "./broker.ts";
import { enrolled, folder, serve, text } from "./harness.ts";
import { until } from "./wait.ts";

/** Lines of a mosquitto that keeps its sessions over a restart. */
const persistent = (place: string): string =>
  `allow_anonymous true\npersistence true\npersistence_location ${place}/\nautosave_on_changes true\nautosave_interval 1\n`;

for (const [what, restarts] of [
  ["the server is away", false],
  ["the server is away and the broker restarts", true],
] as const)
  void test(
    `a request sent while ${what} is answered when a server with a name is back, without a repetition`,
    { skip: brokerMissing() },
    async (t) => {
      const place = folder(t);
      const post = await broker(t, persistent(place));
      let server = await serve(t, { mqtt: `${post.url}?client=hall-1` });
      const device = await enrolled(server);
      const way = await connect(post.url, hex(device.id), { clientId: "device", clean: false });
      t.after(() => way.close());
      for (let round = 0; round < 3; round++) {
        assert.equal((await exchange.report(device, way.carry, text(`before ${round}`))).kind, "accepted");
        await server.close();
        const report = device.report(text(`meanwhile ${round}`));
        const answer = way.carry("reports", report);
        await until("the broker has the request", () =>
          readFileSync(join(place, "mosquitto.db")).includes(Buffer.from(report)),
        );
        if (restarts) {
          await post.stop();
          await until("the device has lost the broker", () => !way.client.connected);
          await post.start();
          await until("the device is back", () => way.client.connected);
        }
        server = await server.restart();
        assert.equal(device.received(await answer, report).kind, "accepted");
        assert.equal(server.intake.accepted.resent, 0);
      }
    },
  );
