/** A device, a wire, what is at its other end, and an application that keeps asking for connections. */
import assert from "node:assert/strict";
import { Status } from "../../../assembly/lib/status.ts";
import type { Random } from "../../../tools/line/random.ts";
import { type Device, LinkState } from "./device.ts";
import { type Network, type VirtualClock, answered } from "./virtual.ts";

export interface Setting {
  readonly device: Device;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  /** Towards the module. */
  write(bytes: Buffer): void;
}

export interface Outcome {
  /** Connections in which everything arrived, and others. */
  done: number;
  failed: number;
}

/** One turn of the device's main loop, a few milliseconds after the one before. */
export function turn({ device, clock, random, write }: Setting): void {
  clock.advance(1 + random.below(4));
  device.guest.tick(Math.floor(clock.now()) >>> 0);
  const bytes = device.toModule(1 + random.below(200));
  if (bytes.length) write(bytes);
}

/** Turn until `ready` or the time is over; says whether it was. */
export function until(setting: Setting, limitMs: number, ready: () => boolean): boolean {
  const end = setting.clock.now() + limitMs;
  while (!ready()) {
    if (setting.clock.now() > end) return false;
    turn(setting);
  }
  return true;
}

/** Wait for the link, and carry `length` bytes. */
export function converse(setting: Setting, length: number): boolean {
  if (!until(setting, 600_000, () => setting.device.state === LinkState.ready)) {
    throw new Error("the link does not recover");
  }
  return carry(setting, length);
}

/**
 * Open a connection, send `length` random bytes, receive the answer to each, close. The received bytes must be right as
 * far as they go. The same holds for the peer's bytes while the link is Open: no byte is lost, doubled
 * or out of order. A link that stays Open delivers all of it.
 */
export function carry(setting: Setting, length: number): boolean {
  const { device, random, network } = setting;
  const before = network.peers.length;
  const message = Buffer.from(Array.from({ length }, () => random.below(256)));
  assert.equal(device.open("signet.example", 8080), Status.Ok);
  let taken = 0;
  let got = Buffer.alloc(0);
  const expected = answered(message);
  const ended = until(setting, 120_000, () => {
    if (device.state === LinkState.open && network.peers.length > before) {
      const heard = network.peers.at(-1)?.bytes ?? Buffer.alloc(0);
      assert.deepEqual(heard, message.subarray(0, heard.length), "sent bytes are in order and right");
    }
    if (device.state === LinkState.open && taken < length && random.below(3) > 0) {
      taken += device.send(message.subarray(taken, taken + 1 + random.below(300)));
    }
    if (random.below(3) > 0) got = Buffer.concat([got, device.receive(1 + random.below(300))]);
    assert.deepEqual(got, expected.subarray(0, got.length), "received bytes are in order and right");
    const over = device.state === LinkState.failed || device.state === LinkState.peerClosed;
    return got.length === length || over;
  });
  got = Buffer.concat([got, device.receive()]);
  assert.deepEqual(got, expected.subarray(0, got.length));
  const done = got.length === length;
  if (done) assert.deepEqual(network.peers.at(-1)?.bytes, message, "all bytes were sent, once");
  assert.ok(ended || device.state !== LinkState.open, "an open link delivers what it takes");
  device.guest.close();
  return done;
}

/** Converse until `wanted` connections went well; fail if more than `most` were needed. */
export function converseOften(setting: Setting, wanted: number, most: number): Outcome {
  const outcome = { done: 0, failed: 0 };
  while (outcome.done < wanted) {
    if (converse(setting, 1 + setting.random.below(1500))) outcome.done++;
    else outcome.failed++;
    assert.ok(outcome.failed <= most, `${outcome.done} connections went well, ${outcome.failed} did not`);
    // The application's own pause.
    until(setting, 200, () => false);
  }
  return outcome;
}
