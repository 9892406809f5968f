/** The key at rest, in the firmware's wasm: between signatures its linear memory holds nothing secret of the key. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findSecret } from "../../tools/demo/flash.ts";
import { fromHex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { open } from "../../tools/wire/sign1.ts";
import { SHAPE, Subject, World } from "../flow/world.ts";
import { remains, secretsOf } from "./remains.ts";

/** So long that nothing is signed while memory is looked at. */
const INTERVAL_MS = 60_000;

/** Look through the memory of a device that signs nothing now; returns the seed of its key. */
async function look(world: World, subject: Subject): Promise<Uint8Array> {
  const memory = Buffer.from(subject.guest.dump());
  const { key } = (await world.server.devices()).find(({ id }) => id === subject.id)!;
  const stored = await world.server.reports(subject.id);
  const signed = stored.map(({ message }) => open(fromHex(message)!));
  const publicKey = fromHex(key)!;
  assert.ok(memory.includes(Buffer.from(publicKey)), "memory holds the public key");
  const seed = findSecret(subject.guest.flash.bytes.subarray(SHAPE.pageBytes), publicKey)!;
  assert.deepEqual(ed25519.fromSeed(seed).publicKey, publicKey);
  assert.deepEqual(remains(memory, secretsOf(seed, publicKey, signed)), []);
  return seed;
}

async function end(world: World, subject: Subject): Promise<void> {
  await subject.stop();
  await world.close();
}

describe("the key at rest, in linear memory", () => {
  it("finds a planted key, in each byte order", () => {
    const seed = Buffer.from(Array.from({ length: 32 }, (_, i) => 3 * i + 1));
    const secrets = secretsOf(seed, ed25519.fromSeed(seed).publicKey, []);
    const memory = Buffer.alloc(4096);
    assert.deepEqual(remains(memory, secrets), []);
    for (const { name, bytes } of secrets) {
      for (const piece of [bytes.subarray(8, 16), Buffer.from(bytes.subarray(8, 16)).reverse()]) {
        memory.fill(0).set(piece, 1001);
        assert.match(remains(memory, secrets)[0] ?? "nothing", new RegExp(`^the .*|${name}`));
      }
    }
  });

  it("leaves nothing after an enrolment, a report, a restart, and a rotation", async (t) => {
    const world = await World.start();
    const subject = await Subject.make(world, { intervalMs: INTERVAL_MS });
    t.after(() => end(world, subject));
    await subject.start();
    await subject.see("accepted");
    const first = await look(world, subject);
    await subject.start();
    await subject.see("accepted");
    await look(world, subject);
    await world.operate(subject.id, "rotate", { expiresAt: Date.now() + 60 * INTERVAL_MS });
    const [rotated, accepted] = [subject.see("rotated"), subject.see("accepted", 2)];
    subject.skip(INTERVAL_MS);
    await rotated;
    await accepted;
    const next = await look(world, subject);
    assert.notDeepEqual(next, first);
    assert.deepEqual(remains(Buffer.from(subject.guest.dump()), secretsOf(first, new Uint8Array(32), [])), []);
  });

  it("leaves nothing after a TLS handshake, in which it signs twice", async (t) => {
    const world = await World.start({ tls: true });
    const { port, publicKey } = world.server.tls!;
    const subject = await Subject.make(world, { intervalMs: INTERVAL_MS, port, settings: { tlsKeys: [publicKey] } });
    t.after(() => end(world, subject));
    await subject.start();
    await subject.see("accepted");
    await look(world, subject);
  });
});
