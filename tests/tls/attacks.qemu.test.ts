// weight: 85 s, 0.4 cores
/**
 * The attacks of a module on the records of a connection, on the ELF in QEMU: each record of the handshake and after it
 * flipped, cut, repeated, left out, swapped with the next, cut off, either way. The connection breaks, by name, and the next is
 * whole. `SIGNET_FULL=1` plays every trick on every record; else flips are played on every second, others on every fifth.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { Content, HEAD_BYTES, Records, type Change, type Direction } from "../../tools/attacker/records.ts";
import type { DeviceEvent } from "../../tools/emulator/qemu.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { DONE, startBoard, words, type PatternBoard } from "./board.ts";
import { identity } from "./identities.ts";
import { startEcho, type Echo } from "./peers.ts";
import { Step } from "./step.ts";
import { FULL } from "../full.ts";

const LINE = 64;
/** The step that ends a connection of the plan. */
const CLOSE = 2;
const EVERY = FULL ? { flip: 1, other: 1 } : { flip: 2, other: 5 };
/** An alert under keys: two bytes, the inner type, the tag. */
const ALERT_BYTES = 2 + 1 + 16;
/** More than a handshake may take. */
const LONG_MS = 31_000;

let board: PatternBoard;
let echo: Echo;
const module = new Records();

before(async () => {
  const server = await identity("server");
  echo = await startEcho(server);
  board = await startBoard({
    port: echo.port,
    pins: [server.key],
    device: await identity("device"),
    tap: module,
    // Every connection by a full handshake.
    steps: [[Step.Forget], [Step.Both, LINE], [Step.Close], [Step.Again, 0]],
  });
  await board.done(CLOSE);
});

after(async () => {
  await board?.close();
  echo?.close();
});

/** A record of a connection: its type, and how many of that type go before it. */
type Place = readonly [type: number, nth: number];

const sealed = (count: number): Place[] => Array.from({ length: count }, (_, nth) => [Content.sealed, nth]);
const OPENING: Place[] = [
  [Content.handshake, 0],
  [Content.changeCipherSpec, 0],
];
/** Hello, mark, EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished, two tickets, data, close_notify. */
const DOWN = [...OPENING, ...sealed(9)];
/** Hello, mark, Certificate, CertificateVerify, Finished, data, close_notify. */
const UP = [...OPENING, ...sealed(5)];

/** True if a connection ended here, well or badly. */
function ended({ name, data }: DeviceEvent): boolean {
  return name === "tls-failed" || (name === DONE && data.readUInt32BE() === CLOSE);
}

/** Play tricks on one connection; how it failed, or "whole". The one after it is whole in any case. */
async function play(direction: Direction, ...tricks: [place: Place, change: Change][]): Promise<string> {
  const played = tricks.map(([[type, nth], change]) =>
    module.play(direction, (record) => record.type === type && record.nth === nth, change),
  );
  await Promise.all(played);
  return outcome(board.now);
}

/** Return the end of the first connection after `from`. */
async function outcome(from: number): Promise<string> {
  const { event, at } = await board.until("end", ended, from);
  await board.done(CLOSE, at);
  return event.name === "tls-failed" ? words(event) : "whole";
}

const flip: Change = ({ raw }) => {
  const copy = Uint8Array.from(raw);
  copy[copy.length - 1]! ^= 1;
  return [copy];
};
const cut: Change = ({ raw }) => {
  const copy = Buffer.from(raw.subarray(0, -1));
  copy.writeUInt16BE(copy.length - HEAD_BYTES, 3);
  return [copy];
};
const twice: Change = ({ raw }) => [raw, raw];
const leaveOut: Change = () => [];
const hangUp: Change = (_, { connection }) => {
  connection.close();
  return [];
};

/** Have a record and the next change places. */
function swap(direction: Direction, list: readonly Place[], place: number): Promise<string> {
  let held: Uint8Array;
  const hold: Change = ({ raw }) => {
    held = raw;
    return [];
  };
  return play(direction, [list[place]!, hold], [list[place + 1]!, ({ raw }) => [raw, held]]);
}

/** The places from one to before another, but for one. */
function places(first: number, end: number, without?: number): number[] {
  return Array.from({ length: end - first }, (_, nth) => first + nth).filter((place) => place !== without);
}

/**
 * The changes of records, the places where they apply, and the expected words of the device, a pattern, by the record's place.
 */
const tricks: {
  name: string;
  every?: number;
  down: readonly number[];
  up: readonly number[];
  perform: (direction: Direction, list: readonly Place[], place: number) => Promise<string>;
  says: (place: number) => string;
}[] = [
  {
    name: "flipped",
    every: EVERY.flip,
    down: places(0, 11),
    up: places(0, 7),
    perform: (direction, list, place) => play(direction, [list[place]!, flip]),
    says: (place) => (place === 1 ? "tls-failed 10 0" : "tls-failed 20 0"),
  },
  {
    name: "cut",
    down: places(0, 11),
    up: places(0, 7),
    perform: (direction, list, place) => play(direction, [list[place]!, cut]),
    says: (place) => (place < 2 ? "tls-failed 10 0" : "tls-failed 20 0"),
  },
  {
    name: "repeated",
    down: places(0, 10),
    up: places(0, 5),
    perform: (direction, list, place) => play(direction, [list[place]!, twice]),
    says: (place) => ["tls-failed 10 0", "whole"][place] ?? "tls-failed 20 0",
  },
  {
    // Without the last of a flight there is nothing but silence: Finished, the data, close_notify.
    name: "left out",
    down: places(0, 9, 6),
    up: places(1, 5),
    perform: (direction, list, place) => play(direction, [list[place]!, leaveOut]),
    says: (place) => ["tls-failed 10 0", "whole"][place] ?? "tls-failed 20 0",
  },
  {
    name: "swapped with the next",
    down: places(0, 9, 6),
    up: places(1, 5),
    perform: swap,
    says: (place) => (place < 2 ? "whole" : "tls-failed 20 0"),
  },
  {
    // Records sent before the cut may still arrive.
    name: "swallowed as the connection is cut off",
    down: places(0, 10),
    up: places(0, 6),
    perform: (direction, list, place) => play(direction, [list[place]!, hangUp]),
    says: () => "tls-failed (10|20|256) 0",
  },
];

for (const { name, every = EVERY.other, down, up, perform, says } of tricks) {
  test(`records of the server ${name}`, async () => {
    for (const place of down.filter((_, nth) => nth % every === 0)) {
      assert.match(await perform("down", DOWN, place), new RegExp(`^${says(place)}$`), `record ${place}`);
    }
  });

  test(`records of the device ${name}`, async () => {
    for (const place of up.filter((_, nth) => nth % every === 0)) {
      const said = await perform("up", UP, place);
      // The alert is the server's to choose; change_cipher_spec it may pass over.
      if (place !== 1 || said !== "whole") assert.match(said, /^tls-failed /, `record ${place}`);
    }
  });
}

test("a server with a good key that is not pinned receives unknown_ca, and no data", async (context) => {
  const other = await startEcho(await identity("other"));
  context.after(() => other.close());
  const from = board.now;
  module.detour = { host: "127.0.0.1", port: other.port };
  // A device that believed the server would begin with its certificate, which is longer.
  const alerted = module.play(
    "up",
    ({ type, nth, raw }) => type === Content.sealed && nth === 0 && raw.length === HEAD_BYTES + ALERT_BYTES,
    ({ raw }) => [raw],
  );
  const { said } = await alerted;
  module.detour = undefined;
  await board.done(CLOSE, await board.says("tls-failed 48 0", from));
  // The hello, change_cipher_spec, and the alert.
  const all = Buffer.concat(said);
  const kinds: [number, number][] = [];
  for (let at = 0; at < all.length; at += HEAD_BYTES + all.readUInt16BE(at + 3))
    kinds.push([all[at]!, all.readUInt16BE(at + 3)]);
  assert.deepEqual(kinds.slice(1), [
    [Content.changeCipherSpec, 1],
    [Content.sealed, ALERT_BYTES],
  ]);
  assert.equal(other.heard(), 0);
});

test("bytes that arrive and leave one at a time make a whole connection", async () => {
  module.trickling = true;
  const from = await board.done(CLOSE, board.now);
  await board.done(CLOSE, await board.done(CLOSE, from));
  module.trickling = false;
  assert.ok(board.device.events.slice(from).every(({ name }) => name !== "tls-failed"));
});

test("a server that never answers is given up after the time a handshake may take", async (context) => {
  const silent = createServer((socket) => socket.on("error", () => {}));
  context.after(() => silent.close());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  module.detour = { host: "127.0.0.1", port: (silent.address() as AddressInfo).port };
  const [asked] = (await once(silent, "connection")) as [Socket];
  await once(asked, "data");
  module.detour = undefined;
  const from = board.now;
  // Its clock leaps over the wait.
  const { address } = (await symbols(board.elf))("milliseconds");
  const gdb = await board.device.debug();
  const clock = Buffer.from(await gdb.read(address, 4));
  clock.writeUInt32LE((clock.readUInt32LE() + LONG_MS) >>> 0);
  await gdb.write(address, clock);
  await gdb.detach();
  assert.equal(await outcome(from), "tls-failed 256 0");
  asked.destroy();
});

test("no fault passed unnoticed: no byte was unexpected, and the board never died", () => {
  assert.deepEqual(
    board.said.filter((what) => !/^(boot|secured [01]|tls-failed \d+ \d|link-failed \d+)$/.test(what)),
    [],
  );
  assert.ok(echo.heard() > 0);
});
