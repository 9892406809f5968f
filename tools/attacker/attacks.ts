import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { concat } from "../wire/bytes.ts";
import { Device, type Answer } from "../wire/device.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { encode } from "../wire/cbor.ts";
import { enrol, PATHS, post } from "../wire/exchange.ts";
import { hash, id } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { open, openFirst, seal, type Sign1 } from "../wire/sign1.ts";
import type { Attacker, Exchange } from "./attacker.ts";
import { statusOf, withBody, type HttpMessage } from "./http.ts";

/** The setting of an attack, and the attacker's knowledge: everything except the keys. */
export interface Scene {
  readonly attacker: Attacker;
  /** The server, reachable for the attacker as well. */
  readonly url: string;
  readonly audience: string;
  readonly serverKey: Uint8Array;
  /** The public key of the device whose module this is. */
  readonly deviceKey: Uint8Array;
  /** The device's secret: the traffic is searched for it; it has no other use. */
  readonly deviceSecret: Uint8Array;
  /** Words of the device so far about answers that it rejected. */
  complaints(): readonly string[];
}

/** The refusing side, and the name of the refusal. */
export interface Refusal {
  readonly by: "server" | "device";
  readonly reason: string;
}

/** One attack. `perform` resolves when it was refused, and rejects if it was not. */
export interface Attack {
  readonly name: string;
  /** Description for a reader of the demo. */
  readonly does: string;
  perform(scene: Scene): Promise<Refusal>;
}

/** An attack that was not refused. */
export class Succeeded extends Error {
  constructor(what: string) {
    super(`an attack succeeded: ${what}`);
  }
}

/** Every attack on a device whose module is the attacker's. */
// prettier-ignore
export const ATTACKS: readonly Attack[] = [
  { name: "read", does: "searches every byte on the line for a key", perform: read },
  { name: "flip", does: "flips one bit of a report", perform: flip },
  { name: "flip-receipt", does: "flips one bit of a receipt", perform: flipReceipt },
  { name: "truncate", does: "truncates a report", perform: truncate },
  { name: "drop", does: "drops a report and closes the connection", perform: drop },
  { name: "drop-receipt", does: "drops a receipt and closes the connection", perform: dropReceipt },
  { name: "replay", does: "replays an old report", perform: replay },
  { name: "reorder", does: "delivers a report after the next one", perform: reorder },
  { name: "inject", does: "sends a forged report before the device's", perform: inject },
  { name: "inject-receipt", does: "answers with a forged receipt", perform: injectReceipt },
  { name: "false-server", does: "connects the device to a false server", perform: falseServer },
  { name: "impersonate", does: "signs as the device with another key", perform: impersonate },
];

/** Hear everything; the secret must be nowhere in it, however it is written. */
async function read({ attacker, deviceSecret }: Scene): Promise<Refusal> {
  await attacker.answered(PATHS.reports);
  const heard = Buffer.concat(attacker.bytes);
  const secret = Buffer.from(deviceSecret);
  const text = heard.toString("latin1").toLowerCase();
  const found =
    heard.includes(secret) || text.includes(secret.toString("hex")) || heard.includes(secret.toString("base64"));
  if (found) throw new Succeeded("the device's secret was in the traffic");
  return { by: "device", reason: `no key in ${heard.length} bytes heard` };
}

async function flip({ attacker }: Scene): Promise<Refusal> {
  const exchange = await onWayUp(attacker, (body) => [flipped(body, body.length - 1)]);
  return refusal(exchange.answer!);
}

async function flipReceipt(scene: Scene): Promise<Refusal> {
  return disbelieved(scene, (answer) => [withBody(answer, flipped(answer.body, answer.body.length - 1))]);
}

async function truncate({ attacker }: Scene): Promise<Refusal> {
  const exchange = await onWayUp(attacker, (body) => [body.subarray(0, body.length - 16)]);
  return refusal(exchange.answer!);
}

async function drop({ attacker }: Scene): Promise<Refusal> {
  const { request } = await attacker.play("up", PATHS.reports, (_, connection) => {
    connection.close();
    return [];
  });
  return repeated(attacker, request, "sent again until it was answered");
}

async function dropReceipt({ attacker }: Scene): Promise<Refusal> {
  const { request } = await attacker.play("down", PATHS.reports, (_, connection) => {
    connection.close();
    return [];
  });
  return repeated(attacker, request, "sent again, stored once");
}

async function replay({ attacker, url }: Scene): Promise<Refusal> {
  const first = await attacker.answered(PATHS.reports);
  await attacker.answered(PATHS.reports);
  return nothingNew(attacker, url, first);
}

async function reorder({ attacker, url }: Scene): Promise<Refusal> {
  const held = await attacker.play("up", PATHS.reports, (_, connection) => {
    connection.close();
    return [];
  });
  // The device sends it again by itself; once the one after it was answered, the held one comes too late.
  const again = await attacker.answered(PATHS.reports);
  if (!same(again.request.body, held.request.body)) throw new Succeeded("a report was lost and the device went on");
  await attacker.answered(PATHS.reports);
  return nothingNew(attacker, url, again);
}

async function inject({ attacker, audience, deviceKey }: Scene): Promise<Refusal> {
  const forger = ed25519.fromSeed(new Uint8Array(randomBytes(32)));
  const exchange = await onWayUp(attacker, (body) => [forgedReport(forger, audience, deviceKey, body), body]);
  return refusal(exchange.answer!);
}

async function injectReceipt(scene: Scene): Promise<Refusal> {
  const forger = ed25519.fromSeed(new Uint8Array(randomBytes(32)));
  return disbelieved(scene, (answer, exchange) => [
    withBody(answer, forgedReceipt(forger, scene, exchange.request.body)),
  ]);
}

/** A whole server with its own key, which pretends to be the real one. */
async function falseServer(scene: Scene): Promise<Refusal> {
  const { attacker } = scene;
  const forger = ed25519.fromSeed(new Uint8Array(randomBytes(32)));
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const { type, body } = lie(forger, scene, request.url ?? "", concat(...parts));
    response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const before = scene.complaints().length;
  try {
    attacker.detour = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    attacker.cutAll();
    const first = await Promise.race([attacker.answered(PATHS.enrol), attacker.answered(PATHS.reports)]);
    const again = await attacker.asked(first.path);
    if (first.path === PATHS.reports && !same(again.request.body, first.request.body)) {
      throw new Succeeded("the device went on after a false receipt");
    }
    return { by: "device", reason: complaint(scene, before) };
  } finally {
    attacker.detour = undefined;
    attacker.cutAll();
    server.closeAllConnections();
    server.close();
  }
}

/** Enrol with its own key, which is allowed, and then report with the device's id. */
async function impersonate({ attacker, url, audience, serverKey, deviceKey }: Scene): Promise<Refusal> {
  const { request } = await attacker.answered(PATHS.reports);
  const forger = new Device({ audience, serverKey });
  await enrol(forger, url);
  return sendAlone(url, forgedReport(forger.key, audience, deviceKey, request.body));
}

/** Change the next report on its way; resolves with its exchange once it was answered. */
async function onWayUp(attacker: Attacker, change: (body: Uint8Array) => Uint8Array[]): Promise<Exchange> {
  const played = attacker.play("up", PATHS.reports, ({ request }) => [
    withBody(request, concat(...change(request.body))),
  ]);
  const exchange = await played;
  while (!exchange.answer) await attacker.answered(PATHS.reports);
  return exchange;
}

/**
 * Change the next receipt on its way; the device must send the same report again, and report the answer that it rejected.
 */
async function disbelieved(
  scene: Scene,
  change: (answer: HttpMessage, exchange: Exchange) => Uint8Array[],
): Promise<Refusal> {
  const before = scene.complaints().length;
  const exchange = await scene.attacker.play("down", PATHS.reports, (exchange) => change(exchange.answer!, exchange));
  const { request } = await scene.attacker.asked(PATHS.reports);
  if (!same(request.body, exchange.request.body)) throw new Succeeded("the device went on after a false receipt");
  return { by: "device", reason: complaint(scene, before) };
}

/** Wait until the device sends the very same report again and has its receipt. */
async function repeated(attacker: Attacker, lost: HttpMessage, reason: string): Promise<Refusal> {
  const { request } = await attacker.answered(PATHS.reports);
  if (!same(request.body, lost.body)) throw new Succeeded("a report was lost and the device went on");
  return { by: "device", reason };
}

/**
 * Send a report that was answered before; the server must repeat its first receipt, and the device's chain must continue.
 */
async function nothingNew(attacker: Attacker, url: string, old: Exchange): Promise<Refusal> {
  const answer = await post(url + PATHS.reports, "application/cbor-seq", old.request.body);
  const then = receiptIn(old.answer!.body);
  if (answer.status !== 200 || !same(receiptIn(answer.body), then)) throw new Succeeded("an old report counted again");
  const next = await attacker.answered(PATHS.reports);
  if (statusOf(next.answer!.head) !== 200) throw new Succeeded("an old report broke the chain");
  return { by: "server", reason: "stored once, answered with the same receipt" };
}

/** The receipt that an answer begins with. */
function receiptIn(body: Uint8Array): Uint8Array {
  return openFirst(body, 0).message.bytes;
}

/** Send bytes as a report over a connection of the attacker's own. */
async function sendAlone(url: string, body: Uint8Array): Promise<Refusal> {
  const answer = await post(url + PATHS.reports, "application/cbor-seq", body);
  return refusalIn(answer, answer.status);
}

/** The refusal that an HTTP answer holds. */
function refusal(answer: HttpMessage): Refusal {
  const type = /^content-type: *([^\r;]+)/im.exec(answer.head)?.[1] ?? "";
  return refusalIn({ type, body: answer.body }, statusOf(answer.head));
}

function refusalIn(answer: Answer, status: number): Refusal {
  if (status === 200) throw new Succeeded("the server accepted it");
  return { by: "server", reason: reasonIn(answer) ?? `HTTP ${status}` };
}

function reasonIn({ type, body }: Answer): string | undefined {
  try {
    if (type === "application/cbor") return messages.reasonName(messages.readUnsignedRefusal(body));
    return messages.reasonName(messages.readRefusal(open(body)).reason);
  } catch {
    return undefined;
  }
}

/** Last word of the device about an answer, since there were `before` such words. */
function complaint(scene: Scene, before: number): string {
  return scene.complaints().slice(before).at(-1) ?? "not believed";
}

/** A report in the device's name, right except for the signature: it follows the last recorded report. */
function forgedReport(
  forger: ed25519.SigningKey,
  audience: string,
  deviceKey: Uint8Array,
  heard: Uint8Array,
): Uint8Array {
  const last = messages.readReport(open(heard));
  const report = { audience, counter: last.counter + 1, prev: hash(heard), data: last.data, session: last.session };
  return withKid(deviceKey, messages.sealReport(forger, report), forger);
}

/** A receipt in the server's name, right in all but the signature. */
function forgedReceipt(forger: ed25519.SigningKey, scene: Scene, report: Uint8Array): Uint8Array {
  const { counter } = messages.readReport(open(report));
  const receipt = { ...answerOf(scene), counter, about: hash(report) };
  return withKid(scene.serverKey, messages.sealReceipt(forger, receipt), forger);
}

/** Answers of the false server on each path. */
function lie(forger: ed25519.SigningKey, scene: Scene, path: string, body: Uint8Array): Answer {
  if (path === PATHS.challenge) return { type: "application/cbor", body: encode(new Uint8Array(randomBytes(16))) };
  if (path === PATHS.reports) return { type: "application/cbor-seq", body: forgedReceipt(forger, scene, body) };
  const about = hash(body);
  const enrolled = { ...answerOf(scene), about, head: messages.NO_HEAD, ack: 0, session: about.subarray(0, 8) };
  return { type: "application/cose", body: withKid(scene.serverKey, messages.sealEnrolled(forger, enrolled), forger) };
}

function answerOf(scene: Scene): { issuer: string; issuedAt: number; device: Uint8Array } {
  return { issuer: scene.audience, issuedAt: Math.floor(Date.now() / 1000), device: id(scene.deviceKey) };
}

/** The same message with the kid of another key, signed by the forger. */
function withKid(publicKey: Uint8Array, bytes: Uint8Array, forger: ed25519.SigningKey): Uint8Array {
  const message: Sign1 = open(bytes);
  return seal(message.kind, id(publicKey), forger, message.payload);
}

function flipped(body: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(body);
  copy[at]! ^= 1;
  return copy;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
