import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Attacker } from "../../tools/attacker/attacker.ts";
import { ATTACKS, type Scene } from "../../tools/attacker/attacks.ts";
import { startProxy, type Proxy } from "../../tools/attacker/proxy.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { Device } from "../../tools/wire/device.ts";
import { challenge, PATHS, post } from "../../tools/wire/exchange.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { importKey } from "../../tools/wire/ed25519.ts";
import { hash, id } from "../../tools/wire/key.ts";
import { readReport } from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";

/** The refusing side of each attack, and its reason. */
const REFUSALS: Record<string, [by: string, reason: RegExp]> = {
  read: ["device", /^no key in \d+ bytes heard$/],
  flip: ["server", /^bad-signature$/],
  "flip-receipt": ["device", /signature/],
  truncate: ["server", /^malformed$/],
  drop: ["device", /^sent again until it was answered$/],
  "drop-receipt": ["device", /^sent again, stored once$/],
  replay: ["server", /^stored once, answered with the same receipt$/],
  reorder: ["server", /^stored once, answered with the same receipt$/],
  inject: ["server", /^bad-signature$/],
  "inject-receipt": ["device", /signature/],
  "false-server": ["device", /signature/],
  impersonate: ["server", /^bad-signature$/],
};

/** The host's own device, living as the firmware does: enrols at start and after trouble, repeats a report until it is answered. */
class Life {
  readonly complaints: string[] = [];
  private readonly device: Device;
  private readonly url: string;
  private going = true;

  constructor(device: Device, url: string) {
    this.device = device;
    this.url = url;
  }

  async live(): Promise<void> {
    let pending: Uint8Array | undefined;
    for (let enrolled = false; this.going; await sleep(20)) {
      try {
        if (!enrolled) {
          const enrolment = this.device.enrol(await challenge(this.url));
          const answer = await post(this.url + PATHS.enrol, "application/cose", enrolment);
          enrolled = this.note(this.device.enrolled(answer, enrolment));
          continue;
        }
        pending ??= this.device.report(Buffer.from("21.5"));
        const answer = await post(this.url + PATHS.reports, "application/cbor-seq", pending);
        if (this.note(this.device.received(answer, pending))) pending = undefined;
      } catch {
        // The connection broke: again.
      }
    }
  }

  end(): void {
    this.going = false;
  }

  private note(verdict: ReturnType<Device["enrolled"]>): boolean {
    if (verdict.kind === "ignored") this.complaints.push(verdict.why);
    return verdict.kind === "accepted";
  }
}

describe("attacks on the host's own device", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-attacks-"));
  const attacker = new Attacker();
  const seed = Uint8Array.from({ length: 32 }, (_, at) => at * 7);
  let server: RunningServer;
  let proxy: Proxy;
  let life: Life;
  let living: Promise<void>;
  let scene: Scene;

  before(async () => {
    server = await startServer({ port: 0, database: join(folder, "signet.db"), audience: "attacked" });
    proxy = await startProxy({ host: "127.0.0.1", port: server.port }, attacker);
    const device = new Device({ audience: "attacked", serverKey: server.publicKey, seed });
    life = new Life(device, `http://127.0.0.1:${proxy.port}`);
    living = life.live();
    scene = {
      attacker,
      url: server.url,
      audience: "attacked",
      serverKey: server.publicKey,
      deviceKey: device.key.publicKey,
      deviceSecret: seed,
      complaints: () => life.complaints,
    };
  });

  after(async () => {
    life.end();
    await living;
    await proxy.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("are all listed here", () => {
    assert.deepEqual(
      ATTACKS.map(({ name }) => name),
      Object.keys(REFUSALS),
    );
  });

  for (const { name, perform } of ATTACKS) {
    it(`${name} is refused by name, changes no row, and the device continues`, { timeout: 20_000 }, async () => {
      await attacker.answered(PATHS.reports);
      const stored = await rows(server);
      const { by, reason } = await perform(scene);
      assert.equal(by, REFUSALS[name]![0]);
      assert.match(reason, REFUSALS[name]![1]);
      const now = await rows(server);
      assert.deepEqual(now.slice(0, stored.length), stored);
      for (let more = 0; more < 3; more++) await attacker.answered(PATHS.reports);
      assert.ok((await rows(server)).length > now.length);
    });
  }

  it("were refused and left nothing but the device's own chain", async () => {
    life.end();
    await living;
    const stored = await server.store.read.selectFrom("reports").selectAll().orderBy("counter").execute();
    let prev: Uint8Array = new Uint8Array(32);
    for (const row of stored) {
      const message = open(row.message);
      assert.equal(hex(row.device), hex(id(scene.deviceKey)));
      assert.equal(hex(row.hash), hex(hash(row.message)));
      assert.ok(verify(message, importKey(scene.deviceKey)!));
      assert.equal(hex(readReport(message).prev), hex(prev));
      prev = row.hash;
    }
  });
});

/** Every stored report, in order. */
async function rows(server: RunningServer): Promise<string[]> {
  const stored = await server.store.read
    .selectFrom("reports")
    .select(["device", "counter", "hash"])
    .orderBy("counter")
    .execute();
  return stored.map(({ device, counter, hash }) => `${hex(device)} ${counter} ${hex(hash)}`);
}
