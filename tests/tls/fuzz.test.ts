/**
 * Mutated flights: a good handshake with one to four things wrong in it, in a message before it is protected or in a
 * record after. No trap, no endless loop, no connection.
 * `TLS_FUZZ_FLIGHTS` sets how many; `TLS_FUZZ_SEED` where the sequence begins.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { Content, Script } from "./script.ts";

const FLIGHTS = Number(process.env.TLS_FUZZ_FLIGHTS ?? 200);
const SEED = Number(process.env.TLS_FUZZ_SEED ?? 1);

let server: Identity;
let root: Identity;
let chain: Buffer[];
let settings: Settings;

before(async () => {
  server = await identity("server");
  root = await identity("root");
  const device = await identity("device");
  settings = { host: "localhost", roots: [root.key], pins: [root.key], seed: device.seed };
  chain = [Buffer.from((await certify({ subject: server, issuer: root, issuerName: "CN=Root" })).rawData)];
});

/** Numbers that are the same for a seed: xorshift32. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  }

  roll(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }
}

const TELLING = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** Change bytes in one of the ways that parsers trip over. */
function mutate(dice: Dice, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (!copy.length) return copy;
  const at = dice.roll(copy.length);
  const len = 1 + dice.roll(16);
  switch (dice.roll(6)) {
    case 0:
      copy[at]! ^= 1 << dice.roll(8);
      return copy;
    case 1:
      copy[at] = TELLING[dice.roll(TELLING.length)]!;
      return copy;
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + len)]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at, at + len), copy.subarray(at)]);
    case 4:
      return copy.subarray(0, at);
    default:
      return Buffer.concat([copy.subarray(0, at), Buffer.alloc(len, dice.roll(256)), copy.subarray(at)]);
  }
}

/** Number of messages up to Finished, an omitted request included. */
const FINISHED_AT = 6;

/** True if two records are the same but for the version in their header, which is ignored while there are no keys. */
function sameButVersion(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && a[0] === b[0] && a.subarray(3).equals(b.subarray(3)) && (b[0] === 22 || a.equals(b));
}

/** One flight: a change before the end of the handshake leaves no connection. */
function flight(seed: number, client: TlsClient): void {
  const dice = new Dice(seed);
  const script = new Script(server, { ...settings, random: Buffer.alloc(128, 1 + (seed % 255)) }, client);
  let changes = 0;
  // Which of the seven things is changed, and whether before or behind the protection.
  const target = dice.roll(8);
  const behind = dice.roll(4) === 0;
  let step = 0;
  const send = (message: Buffer): void => {
    let inner = message;
    const here = step++ === target;
    if (here && !behind) {
      for (let i = dice.roll(4); i >= 0; i--) inner = mutate(dice, inner);
      if (!inner.equals(message)) changes++;
    }
    // The server believes it sent the good message, as behind a module that changes bytes.
    script.transcript = Buffer.concat([script.transcript, message]);
    // A message longer than a record goes in parts; sometimes one that is not, too.
    const part = dice.roll(3) === 0 ? 1 + dice.roll(100) : 1024;
    for (let at = 0; at === 0 || at < inner.length; at += part) {
      let record = script.record(Content.Handshake, inner.subarray(at, at + part));
      if (here && behind && at === 0) {
        const changed = mutate(dice, record);
        if (!sameButVersion(changed, record)) changes++;
        record = changed;
      }
      client.feed(record, 1 + dice.roll(600));
    }
  };
  if (dice.roll(8) === 0) {
    const retry = script.retryRequest();
    send(retry);
    client.drain();
    return;
  }
  send(script.serverHello());
  script.handshakeKeys();
  send(
    script.encryptedExtensions([
      [0, ""],
      [28, "0200"],
    ]),
  );
  if (dice.roll(2)) send(script.certificateRequest());
  else step++;
  send(script.certificate(chain));
  send(script.certificateVerify());
  send(script.finished());
  script.applicationKeys();
  if (client.state === State.Connected) {
    send(script.ticket(Buffer.from("a ticket of some length")).message);
    send(Buffer.from([24, 0, 0, 1, dice.roll(2)]));
  }
  client.drain();
  assert.ok(client.state >= State.WaitSh);
  if (target < FINISHED_AT && changes) assert.notEqual(client.state, State.Connected);
}

test(`${FLIGHTS} mutated flights from seed ${SEED}: no trap, and the client connects after each`, () => {
  let client = new TlsClient();
  for (let i = 0; i < FLIGHTS; i++) {
    try {
      flight(SEED + i, client);
    } catch (error) {
      throw new Error(`flight ${SEED + i}: ${String(error)}`, { cause: error });
    }
    if (i % 100 === 99) {
      const script = new Script(server, settings, client);
      script.connect(chain);
      assert.ok(script.connected, `after flight ${SEED + i}`);
      client = new TlsClient();
    }
  }
});
