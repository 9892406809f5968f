/** Responses of a server that is busy, or of a proxy before it: the pause until the next attempt, and the name of what is refused. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RESPONSE_FAULTS } from "../../tools/facts/device.ts";
import { number, Subject, World } from "./world.ts";

const REPORTS = "/v1/reports";

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

describe("a busy server", () => {
  it("gets the delay that it asks for, within a limit; a refused response is named", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted");
    assert.ok(subject.attacker.heard[0]!.request.head.includes(`Host: 127.0.0.1:${world.port}\r\n`));
    const busy = (seconds: number): string =>
      `HTTP/1.1 503 Busy\r\nRetry-After: ${seconds}\r\nContent-Length: 0\r\n\r\n`;
    for (const [response, leastMs, mostMs] of [
      [busy(300), 300_000, 600_000],
      [busy(99_999_999), 600_000, 1_200_000],
      ["HTTP/1.1 200 OK\r\n\r\n", 0, 10_000],
    ] as const) {
      const retry = subject.see("retry");
      await subject.attacker.play("down", REPORTS, () => [Buffer.from(response)]);
      const ms = number(await retry);
      assert.ok(leastMs <= ms && ms <= mostMs, `${ms} ms after ${response}`);
      const accepted = subject.see("accepted");
      subject.skip(ms);
      await accepted;
    }
    assert.deepEqual(
      subject.said("response-refused").map((event) => number(event)),
      [RESPONSE_FAULTS["no-length"][0]],
    );
    await subject.stop();
    assert.equal(subject.guest.deaths, 0);
  });
});
