/**
 * Mutated flights: a good handshake with one to four things wrong in it, in a message before it is protected or in a
 * record after. No trap, no endless loop, no connection.
 * `TLS_FUZZ_FLIGHTS` sets how many; `TLS_FUZZ_SEED` where the sequence begins.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { caExtensions, certify, identity, p256Identity, p384Identity, type Identity, type Wish } from "./identities.ts";
import { Content, Script, type Extension } from "./script.ts";

const FLIGHTS = Number(process.env.TLS_FUZZ_FLIGHTS ?? 200);
const SEED = Number(process.env.TLS_FUZZ_SEED ?? 1);

/** A kind of client, and the server for it. */
interface World {
  readonly use: string;
  readonly server: Identity;
  readonly chain: Buffer[];
  readonly scheme: number;
  readonly settings: Settings;
}

let small: World;
let wide: World;

before(async () => {
  small = await world("", await identity("server"), await identity("root"), 0x0807);
  wide = await world("TLS_PUBLIC=1", await p256Identity(), await p384Identity(), 0x0403);
});

async function world(use: string, server: Identity, root: Identity, scheme: number): Promise<World> {
  const wishes: Wish[] = [
    { subject: server, issuer: root, issuerName: "CN=Root", hash: "SHA-384" },
    // A root that is a hash must be sent.
    ...(use ? [{ subject: root, name: "CN=Root", extensions: caExtensions() }] : []),
  ];
  const chain = await Promise.all(wishes.map(async (wish) => Buffer.from((await certify(wish)).rawData)));
  const { seed } = await identity("device");
  return { use, server, chain, scheme, settings: { host: "localhost", roots: [root.key], pins: [root.key], seed } };
}

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

/** Records that held a whole flight. */
let wideRecords = 0;

/** True if two records are the same but for the version in their header, which is ignored while there are no keys. */
function sameButVersion(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && a[0] === b[0] && a.subarray(3).equals(b.subarray(3)) && (b[0] === 22 || a.equals(b));
}

/** One flight: a change before the end of the handshake leaves no connection. */
function flight(seed: number, client: TlsClient, { use, server, chain, scheme, settings }: World): void {
  const dice = new Dice(seed);
  const script = new Script(server, { ...settings, random: Buffer.alloc(128, 1 + (seed % 255)) }, client);
  let changes = 0;
  // Which of the seven things is changed, and whether before or behind the protection.
  const target = dice.roll(8);
  const behind = dice.roll(4) === 0;
  let step = 0;
  // A client that opens long records in pieces gets everything up to Finished in one record, mostly.
  const joins = use !== "" && dice.roll(4) !== 0;
  const joined: Buffer[] = [];
  const send = (message: Buffer): void => {
    let inner = message;
    const here = step++ === target;
    if (here && !behind) {
      for (let i = dice.roll(4); i >= 0; i--) inner = mutate(dice, inner);
      if (!inner.equals(message)) changes++;
    }
    // The server believes it sent the good message, as behind a module that changes bytes.
    script.transcript = Buffer.concat([script.transcript, message]);
    const isJoined = joins && script.write !== undefined && step <= FINISHED_AT;
    if (isJoined) {
      joined.push(inner);
      if (step < FINISHED_AT) return;
      inner = Buffer.concat(joined);
      wideRecords++;
    }
    const isChanged = isJoined ? target > 0 && target < FINISHED_AT : here;
    // A message longer than a record goes in parts; sometimes one that is not, too.
    const part = isJoined ? inner.length : dice.roll(3) === 0 ? 1 + dice.roll(100) : 1024;
    for (let at = 0; at === 0 || at < inner.length; at += part) {
      let record = script.record(Content.Handshake, inner.subarray(at, at + part));
      if (isChanged && behind && at === 0) {
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
  // The client does not read supported_groups: with it, a joined flight is longer than the buffer.
  const second: Extension = use ? [10, Buffer.alloc(600, 1)] : [28, "0200"];
  send(script.encryptedExtensions([[0, ""], second]));
  if (dice.roll(2)) send(script.certificateRequest());
  else step++;
  send(script.certificate(chain));
  send(script.certificateVerify(scheme));
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

/** Mutated flights, and good ones between: the client must still connect after any. */
function flights(count: number, here: World): void {
  let client = new TlsClient(here.use);
  for (let i = 0; i < count; i++) {
    try {
      flight(SEED + i, client, here);
    } catch (error) {
      throw new Error(`flight ${SEED + i}: ${String(error)}`, { cause: error });
    }
    if (i % 100 === 99) {
      const script = new Script(here.server, here.settings, client);
      script.connect(here.chain, [], here.scheme);
      assert.ok(script.connected, `after flight ${SEED + i}`);
      client = new TlsClient(here.use);
    }
  }
}

test(`${FLIGHTS} mutated flights from seed ${SEED}: no trap, and the client connects after each`, () =>
  flights(FLIGHTS, small));

test(`${FLIGHTS} mutated flights to the reader of \`public\`, mostly in records beyond the buffer`, () => {
  flights(FLIGHTS, wide);
  assert.ok(wideRecords > FLIGHTS / 2);
});
