/**
 * Attacks on a device inside TLS by an attacker in its module. They change records, because the attacker can read nothing else.
 * Each one can at most end a connection, and resolves once the device was back and its report was stored, once.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createServer } from "node:tls";
import * as tls from "../server/tls.ts";
import { alertName, NONE } from "../tls/alerts.ts";
import { Succeeded, type Refusal } from "./attacks.ts";
import { Content, HEAD_BYTES, type Change, type Direction, type Pick, type Records, type Wire } from "./records.ts";
import type { Connection, Target } from "../line/tap.ts";

/** The failure of TLS, from the device's event: the alert, and if the server sent it. */
export interface Ending {
  readonly alert: number;
  readonly fromServer: boolean;
}

/** The setting of an attack, and the attacker's knowledge: everything except the keys. */
export interface TlsScene {
  readonly attacker: Records;
  /** Address of the real server. */
  readonly server: Target;
  /** Failures of connections so far, from the device's events. */
  endings(): readonly Ending[];
  /** Wait until there is one more than `before`. */
  ending(before: number): Promise<Ending>;
  /** Wait until the device has its next receipt; rejects if any stored report is not there exactly once, in its place. */
  recovered(): Promise<void>;
  /** Wait until no report is under way: a connection that is cut then is only opened anew. */
  quiet(): Promise<void>;
  /** Number of reports that the server decided on and that were not new. */
  oldReports(): number;
}

/** One attack. `perform` resolves when it came to nothing, and rejects if it did not. */
export interface TlsAttack {
  readonly name: string;
  /** Description for a reader of the demo. */
  readonly does: string;
  perform(scene: TlsScene): Promise<Refusal>;
}

/** A record of the server's that the device reads before it has proven the server. */
const inHandshake =
  (nth: number): Pick =>
  (record, { proven }) =>
    !proven && record.type === Content.sealed && record.nth === nth;
const hello: Pick = ({ type }) => type === Content.handshake;
const finished: Pick = ({ type, nth }) => type === Content.sealed && nth === 0;
/** Each attack begins when a report has been answered: the next record of data is of the next one. */
const data: Pick = ({ type }, { proven }) => type === Content.sealed && proven;

/** Every attack on a device inside TLS. */
// prettier-ignore
export const TLS_ATTACKS: readonly TlsAttack[] = [
  { name: "flip-hello", does: "flips one bit of the server's hello", perform: onHello(({ raw }) => [flipped(raw, 20)]) },
  { name: "garbage", does: "answers the device's hello with random bytes", perform: onHello(() => [Buffer.concat([Buffer.of(0xff), randomBytes(99)])]) },
  { name: "oversize", does: "announces a record of 65,535 bytes", perform: onHello(({ raw }) => [resized(raw, 0xffff)]) },
  { name: "downgrade", does: "answers as a server of TLS 1.2", perform: onHello(({ raw }) => [hello12(raw)]) },
  { name: "flip-handshake", does: "flips one bit of the server's sealed handshake", perform: onHandshake("down", inHandshake(0), ({ raw }) => [flipped(raw, raw.length - 1)]) },
  { name: "repeat-handshake", does: "sends a record of the server's handshake twice", perform: onHandshake("down", inHandshake(0), ({ raw }) => [raw, raw]) },
  { name: "skip-handshake", does: "drops a record of the server's handshake", perform: onHandshake("down", inHandshake(0), () => []) },
  { name: "flip-finished", does: "flips one bit of the device's authentication", perform: onHandshake("up", finished, ({ raw }) => [flipped(raw, raw.length - 1)]) },
  { name: "false-server", does: "connects the device to a server with another key", perform: (scene) => elsewhere(scene, false) },
  { name: "man-in-the-middle", does: "terminates TLS and opens another connection to the server", perform: (scene) => elsewhere(scene, true) },
  { name: "flip-report", does: "flips one bit of a report", perform: onData("up", ({ raw }) => [flipped(raw, raw.length - 1)]) },
  { name: "flip-receipt", does: "flips one bit of a receipt", perform: onData("down", ({ raw }) => [flipped(raw, HEAD_BYTES)]) },
  { name: "truncate", does: "truncates a receipt", perform: onData("down", ({ raw }) => [resized(raw.subarray(0, raw.length - 16))]) },
  { name: "replay-report", does: "sends a report's record twice", perform: onData("up", ({ raw }) => [raw, raw]) },
  { name: "replay-receipt", does: "sends a receipt's record twice", perform: onData("down", ({ raw }) => [raw, raw]) },
  { name: "false-close", does: "forges the server's close_notify", perform: onData("down", () => [Buffer.of(Content.alert, 3, 3, 0, 2, 1, 0)]) },
  { name: "drop", does: "drops a report and closes the connection", perform: onData("up", (_, { connection }) => cut(connection)) },
  { name: "cut", does: "closes the connection in the middle of a receipt", perform: onData("down", ({ raw }, { connection }) => cut(connection, raw.subarray(0, raw.length >> 1))) },
  { name: "replay-connection", does: "replays a whole connection to the server", perform: replayConnection },
  { name: "trickle", does: "delivers the bytes one at a time", perform: trickle },
];

/** Change the server's hello on a new connection. */
function onHello(change: Change): TlsAttack["perform"] {
  return onHandshake("down", hello, change);
}

/** Change a record of the handshake on a new connection. */
function onHandshake(direction: Direction, pick: Pick, change: Change): TlsAttack["perform"] {
  return async (scene) => {
    await scene.quiet();
    const played = scene.attacker.play(direction, pick, change);
    scene.attacker.cutAll();
    return broken(scene, played);
  };
}

/** Change the next record of data on the connection there is. */
function onData(direction: Direction, change: Change): TlsAttack["perform"] {
  return (scene) => broken(scene, scene.attacker.play(direction, data, change));
}

/** See how the connection ends on which the trick was played, and that this is all. */
async function broken(scene: TlsScene, played: Promise<Wire>): Promise<Refusal> {
  await played;
  const ending = await scene.ending(scene.endings().length);
  await scene.recovered();
  return refusal(ending);
}

function refusal({ alert, fromServer }: Ending): Refusal {
  if (alert === NONE) return { by: "device", reason: "sent again over a new connection, stored once" };
  return { by: fromServer ? "server" : "device", reason: alertName(alert) };
}

/** A TLS server with a good key that is not the pinned one; `relay` leads on to the real server from it. */
async function elsewhere(scene: TlsScene, relay: boolean): Promise<Refusal> {
  const folder = mkdtempSync(join(tmpdir(), "signet-false-"));
  const identity = await tls.load(join(folder, "key"), "false", Date.now());
  let heard = 0;
  const server = createServer(tls.options(identity), (device) => {
    const onward = relay ? connectTls({ ...scene.server, rejectUnauthorized: false }) : undefined;
    device.on("data", (bytes) => {
      heard += bytes.length;
      onward?.write(bytes);
    });
    for (const socket of [device, onward]) socket?.on("error", () => socket.destroy());
    onward?.on("data", (bytes) => device.write(bytes));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    await scene.quiet();
    scene.attacker.detour = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    let told = scene.endings().length;
    scene.attacker.cutAll();
    // The device's first event may be about the cut itself.
    let ending: Ending;
    do ending = await scene.ending(told++);
    while (ending.alert === NONE);
    if (heard > 0) throw new Succeeded(`the device said ${heard} bytes to a false server`);
    scene.attacker.detour = undefined;
    await scene.recovered();
    return refusal(ending);
  } finally {
    scene.attacker.detour = undefined;
    server.close();
    rmSync(folder, { recursive: true });
  }
}

/** Send to the server, over a connection of the attacker's own, every byte of one of the device's connections. */
async function replayConnection(scene: TlsScene): Promise<Refusal> {
  const played = scene.attacker.play("up", data, ({ raw }) => [raw]);
  const { said } = await played;
  await scene.recovered();
  const before = scene.oldReports();
  const own = connect(scene.server.port, scene.server.host);
  const over = new Promise<void>((closed) => own.on("close", () => closed()).on("error", () => own.destroy()));
  own.resume();
  own.write(Buffer.concat(said));
  await over;
  await scene.recovered();
  if (scene.oldReports() !== before) throw new Succeeded("the server read a connection that was replayed");
  return { by: "server", reason: "it closed the connection: each connection has its own keys" };
}

/** A new connection whose bytes all pass, one by one. */
async function trickle(scene: TlsScene): Promise<Refusal> {
  const { attacker } = scene;
  await scene.quiet();
  attacker.trickling = true;
  attacker.cutAll();
  try {
    await scene.recovered();
  } finally {
    attacker.trickling = false;
  }
  return { by: "device", reason: "received every byte" };
}

/** Give the device a last piece, and cut the connection. */
function cut(connection: Connection, piece?: Uint8Array): Uint8Array[] {
  if (piece) connection.toDevice(piece);
  connection.close();
  return [];
}

function flipped(raw: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(raw);
  copy[at]! ^= 1;
  return copy;
}

/** The record, with another length in its header if one is given. */
function resized(raw: Uint8Array, length = raw.length - HEAD_BYTES): Uint8Array {
  const copy = Buffer.from(raw);
  copy.writeUInt16BE(length, HEAD_BYTES - 2);
  return copy;
}

/** A server's hello of TLS 1.2 with the random and the session id of this one, for ECDHE_ECDSA with ChaCha20-Poly1305. */
function hello12(raw: Uint8Array): Uint8Array {
  const [version, sessionEnd] = [HEAD_BYTES + 4, HEAD_BYTES + 39 + raw[HEAD_BYTES + 38]!];
  const body = Buffer.concat([raw.subarray(version, sessionEnd), Buffer.of(0xcc, 0xa9, 0)]);
  const message = Buffer.concat([Buffer.of(2, 0, 0, body.length), body]);
  return Buffer.concat([Buffer.of(Content.handshake, 3, 3, 0, message.length), message]);
}
