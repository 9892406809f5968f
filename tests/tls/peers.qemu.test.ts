// weight: 40 s, 0.8 cores
/**
 * The ELF in QEMU, through the emulated module, against servers of others: each with full handshake, resumption by ticket, key
 * update, 100 KB both ways, and clean close.
 */
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Content, HEAD_BYTES, Records } from "../../tools/attacker/records.ts";
import type { Connection, Tap } from "../../tools/line/tap.ts";
import { startBoard, pattern, type Plan, type PatternBoard } from "./board.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { Files, gnutls, missing, openssl, RAW_KEYS, startEcho, type Peer } from "./peers.ts";
import { RETRY_RANDOM } from "./script.ts";
import { Step } from "./step.ts";
import { FULL } from "../full.ts";

const BULK = (FULL ? 100 : 25) * 1024;
const BOTH_WAYS = `${BULK / 1024} KB both ways`;
const LINE = 64;
const TAG_BYTES = 16;

let server: Identity;
let device: Identity;
const files = new Files();
const ends: (() => unknown)[] = [];

before(async () => {
  server = await identity("server");
  device = await identity("device");
});

after(async () => {
  for (const end of ends.toReversed()) await end();
  files.remove();
});

/** The records that passed through the module. */
class Wire implements Tap {
  readonly #heard = { up: Buffer.alloc(0), down: Buffer.alloc(0) };

  up(connection: Connection, bytes: Uint8Array): void {
    this.#heard.up = Buffer.concat([this.#heard.up, bytes]);
    connection.toServer(bytes);
  }

  down(connection: Connection, bytes: Uint8Array): void {
    this.#heard.down = Buffer.concat([this.#heard.down, bytes]);
    connection.toDevice(bytes);
  }

  /** The longest fragment of a sealed record this way. Connections that end in order end with whole records. */
  longest(direction: "up" | "down"): number {
    const bytes = this.#heard[direction];
    let longest = 0;
    for (let at = 0; at < bytes.length; at += HEAD_BYTES + bytes.readUInt16BE(at + 3)) {
      if (bytes[at] === Content.sealed) longest = Math.max(longest, bytes.readUInt16BE(at + 3));
    }
    return longest;
  }
}

/** Switch on a board with this plan. */
async function start(port: number, steps: Plan["steps"], tap: Tap = new Wire()): Promise<PatternBoard> {
  const board = await startBoard({ port, pins: [server.key], device, steps, tap });
  ends.push(() => board.close());
  return board;
}

/** The plan with a server that echoes everything: three connections. */
const ECHOED: Plan["steps"] = [
  [Step.Both, LINE],
  [Step.Ticket],
  [Step.Close],
  [Step.Both, LINE],
  [Step.Update],
  [Step.Both, LINE],
  [Step.Close],
  [Step.Both, BULK],
  [Step.Close],
];

/** Follow the whole plan; every connection must have gone well. Returns which ones were resumed. */
async function echo(port: number, wire = new Wire()): Promise<string[]> {
  const board = await start(port, ECHOED, wire);
  await board.done(ECHOED.length - 1);
  return board.said;
}

describe("openssl s_server", { skip: missing("openssl") }, () => {
  let peer: Peer;

  let identityArgs: string[];

  before(async () => {
    const cert = files.put("leaf.pem", (await certify({ subject: server })).toString("pem"));
    identityArgs = ["-key", files.put("leaf.key", server.pem), "-cert", cert, "-Verify", "1"];
    peer = await openssl([...identityArgs, "-state"]);
    ends.push(() => peer.stop());
  });

  test(`handshake, resumption, key update asked for by either side, ${BOTH_WAYS}, clean close`, async () => {
    const line = pattern(LINE).toString();
    const board = await start(peer.port, [
      [Step.Both, LINE],
      [Step.Ticket],
      [Step.Close],
      [Step.Both, LINE],
      [Step.Update],
      [Step.Both, LINE],
      [Step.Take, LINE],
      [Step.Take, LINE],
      [Step.Send, LINE],
      [Step.Close],
      [Step.Both, BULK],
      [Step.Close],
    ]);
    let at = await board.says("secured 0");
    peer.type(line);
    at = await board.done(2, at);
    at = await board.says("secured 1", at);
    peer.type(line);
    at = await board.done(4, at);
    peer.type(line);
    at = await board.done(5, at);
    await peer.update("k");
    peer.type(line);
    at = await board.done(6, at);
    await peer.update("K");
    peer.type(line);
    at = await board.done(9, at);
    at = await board.says("secured 1", at);
    const seen = peer.output.length;
    peer.type(pattern(BULK).toString());
    await board.done(11, at);
    await peer.printed("close notify", seen);
    await peer.printed("Signet device");
    assert.deepEqual(board.said, ["boot", "secured 0", "secured 1", "secured 1"]);
    // It says so when a record has not arrived as a whole.
    const printed = peer.output.slice(seen).replaceAll("Read BLOCK\n", "");
    assert.ok(printed.includes(pattern(BULK).toString()));
    assert.equal(peer.output.split("alert read:warning:close notify").length, 1 + 3);
  });

  test("HelloRetryRequest with a cookie", async () => {
    const stateless = await openssl([...identityArgs, "-stateless"]);
    ends.push(() => stateless.stop());
    const relay = new Records();
    // See `openssl.test.ts`.
    const dropped = relay.play(
      "up",
      ({ type }) => type === Content.changeCipherSpec,
      () => [],
    );
    const retried = relay.play(
      "down",
      ({ type, raw }) => type === Content.handshake && Buffer.from(raw).includes(RETRY_RANDOM),
      ({ raw }) => [raw],
    );
    const board = await start(stateless.port, [[Step.Send, LINE], [Step.Close]], relay);
    await Promise.all([retried, dropped]);
    await board.done(1);
    await stateless.printed(pattern(LINE).toString());
    assert.deepEqual(board.said, ["boot", "secured 0"]);
  });
});

describe("gnutls-serv", { skip: missing("gnutls-serv") }, () => {
  test(`raw public keys, record_size_limit 512: handshake, resumption, key update, ${BOTH_WAYS}, clean close`, async () => {
    const key = files.put("server.key", server.pem);
    const spki = createPublicKey(server.pem).export({ type: "spki", format: "pem" });
    const raw = ["--rawpkkeyfile", key, "--rawpkfile", files.put("server.pub", spki), "--require-client-cert"];
    const peer = await gnutls(["--echo", "--priority", RAW_KEYS, ...raw, "--recordsize", "512"]);
    ends.push(() => peer.stop());
    const wire = new Wire();
    assert.deepEqual(await echo(peer.port, wire), ["boot", "secured 0", "secured 1", "secured 1"]);
    await peer.printed("Raw Public Key");
    // GnuTLS means 512 bytes of content, and asks for one more, for the inner type.
    assert.equal(wire.longest("up"), 512 + 1 + TAG_BYTES);
    assert.equal(wire.longest("down"), 512 + 1 + TAG_BYTES);
  });
});

test(`Node as the server sets it up: handshake, resumption, key update, ${BOTH_WAYS}, clean close`, async () => {
  const peer = await startEcho(server);
  ends.push(() => peer.close());
  // The server gives a new ticket on each resumed connection, which Node alone does not.
  assert.deepEqual(await echo(peer.port), ["boot", "secured 0", "secured 1", "secured 1"]);
  assert.deepEqual(peer.shown, [device.key, device.key, device.key]);
});
