/** The inputs of an attacker who injects faults, and the conditions under which a fault has succeeded. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { Status } from "../../assembly/lib/status.ts";
import * as wire from "../../tools/wire/ed25519.ts";
import { hash, id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { Call } from "../tls/call.ts";
import { fixedBytes } from "../tls/client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { certify, type Identity, identity, leafExtensions } from "../tls/identities.ts";
import { RecordedClient, requestOf, type Kept } from "../tls/replay.ts";
import { Script, type Extension } from "../tls/script.ts";
import { challenge, little, ORDER as L, Point, toLittle } from "../wire/rule.ts";
import type { Campaign, Request, Run } from "./campaign.ts";
import { Op } from "./op.ts";

/** One attack: what is run, and what must never come of it. */
export interface Attack extends Pick<Campaign, "before" | "targets" | "apart"> {
  readonly name: string;
  /** True if the run without a fault is as it must be: the forgery is refused. */
  isRefused(golden: Run): boolean;
  /** True if a run has opened the door. */
  isOpened(run: Run): boolean;
}

/** The cryptography. It has campaigns of its own: elsewhere faults go into what decides. */
const CRYPTOGRAPHY = /^(cpu_|square4|product4|complete|scale_word|w2c_assembly_crypto_)/;

export const mod = (x: bigint): bigint => ((x % L) + L) % L;

export const seed = fixedBytes("faults: signer", 32);
export const key = ed25519.getPublicKey(seed);
export const head = fixedBytes("faults: head", 40);
export const body = fixedBytes("faults: body", 200);
const signed = Buffer.concat([head, body]);

function flipped(from: Uint8Array, at: number): Buffer {
  const out = Buffer.from(from);
  out[at]! ^= 4;
  return out;
}

/** S B for an S of the attacker's: what R is to a verifier that has lost k, or the key. */
function withoutKey(): Buffer {
  const s = mod(little(fixedBytes("faults: without key", 32)));
  return Buffer.concat([Point.BASE.multiply(s).toBytes(), toLittle(s)]);
}

/** An R of zeros: what the sum is encoded as if its inversion is lost. */
function zeroR(): Buffer {
  return Buffer.concat([Buffer.alloc(32), toLittle(mod(little(fixedBytes("faults: zero R", 32))))]);
}

/** Compute the sum of the comb's last step alone, for a k whose last digit is zero. */
function lastStepOnly(): Buffer {
  for (let i = 0; ; i++) {
    const s = mod(little(fixedBytes(`faults: last step ${i}`, 32)));
    const sum = s + mod((1n << 260n) - 1n);
    const comb = (sum & 1n ? sum + L : sum) >> 1n;
    let scalar = 0n;
    for (let at = 0n; at < 260n; at += 13n) scalar += (comb >> at) & 1n ? 1n << at : -(1n << at);
    const r = Point.BASE.multiply(mod(scalar)).toBytes();
    if ((challenge(r, key, signed) & 1n) === 0n) return Buffer.concat([r, toLittle(s)]);
  }
}

function verifying(name: string, signature: Uint8Array, what = body, op: Op = Op.Verify): Attack {
  const genuine = ed25519.sign(signed, seed);
  return {
    name,
    before: [{ op, fields: [key, genuine, head, body] }],
    targets: [{ op, fields: [key, signature, head, what] }],
    isRefused: ({ result }) => result === Status.Forged,
    isOpened: ({ outcome, result }) => outcome === "returned" && result === Status.Ok,
  };
}

/** Forged signatures for `ed25519.verify`. Those that follow the first need no luck if the step that they rely on is skipped. */
export function signatures(): Attack[] {
  return [
    verifying("another message", ed25519.sign(signed, seed), flipped(body, 100)),
    verifying("R is altered", flipped(ed25519.sign(signed, seed), 3)),
    verifying("S is altered", flipped(ed25519.sign(signed, seed), 40)),
    verifying("R = S B", withoutKey()),
    verifying("R is what the last step adds", lastStepOnly()),
    verifying("R is zero", zeroR()),
  ];
}

/** The verification as it must not be: with one branch. */
export function plantedSignature(): Attack {
  return verifying("planted", flipped(ed25519.sign(signed, seed), 3), body, Op.PlantedVerify);
}

// ------------------------------------------------------------------------------------------------ answers

const server = wire.fromSeed(fixedBytes("faults: server", 32));
const stranger = wire.fromSeed(fixedBytes("faults: stranger", 32));
const device = id(ed25519.getPublicKey(fixedBytes("faults: device", 32)));
const audience = "signet.example";
const about = hash(fixedBytes("faults: report", 100));
const common = { issuer: audience, issuedAt: 1_767_225_600, device, about };
/** The kinds' numbers, as in `assembly/identity/kind.ts`. */
const Kind = { enrolled: 1, receipt: 3, refusal: 4, downlink: 5 } as const;

function reading(name: string, kind: number, forged: Uint8Array, apart?: RegExp): Attack {
  const text = new TextEncoder().encode(audience);
  const genuine = messages.sealReceipt(server, { ...common, counter: 6 });
  const request = (wanted: number, sealed: Uint8Array): Request => ({
    op: Op.Read,
    fields: [server.publicKey, text, device, Uint8Array.of(wanted), sealed],
  });
  return {
    name,
    before: [request(Kind.receipt, genuine)],
    targets: [request(kind, forged)],
    ...(apart && { apart }),
    isRefused: ({ result }) => result === Status.Forged || result === Status.Unexpected,
    isOpened: ({ outcome, result }) => outcome === "returned" && result === Status.Ok,
  };
}

/** A message of the server's with a changed signature: the last bytes of it. */
const unsigned = (sealed: Uint8Array): Buffer => flipped(sealed, sealed.length - 40);

/**
 * Answers that `answer.read` must refuse, one of each kind and for each reason. Under the first of them faults go into the
 * cryptography as well; the others end in the same function.
 */
export function answers(): Attack[] {
  const head = { counter: 7, hash: about };
  const order = {
    ...common,
    counter: 9,
    expires: 1_767_999_999,
    data: new Uint8Array(0),
    order: messages.Order.rotate,
  };
  const other = id(stranger.publicKey);
  // A session ends in the first bytes of the hash that it is about.
  const session = Buffer.concat([fixedBytes("faults: session", 8), about.subarray(0, 8)]);
  return [
    reading("a forged receipt", Kind.receipt, unsigned(messages.sealReceipt(server, { ...common, counter: 7 }))),
    reading(
      "a forged enrolled",
      Kind.enrolled,
      unsigned(messages.sealEnrolled(server, { ...common, head, ack: 0, session })),
      CRYPTOGRAPHY,
    ),
    reading(
      "a forged refusal",
      Kind.refusal,
      unsigned(messages.sealRefusal(server, { ...common, reason: messages.Reason.revoked })),
      CRYPTOGRAPHY,
    ),
    reading("a forged order", Kind.downlink, unsigned(messages.sealDownlink(server, order)), CRYPTOGRAPHY),
    reading(
      "a stranger's receipt",
      Kind.receipt,
      messages.sealReceipt(stranger, { ...common, counter: 7 }),
      CRYPTOGRAPHY,
    ),
    reading(
      "another device's receipt",
      Kind.receipt,
      messages.sealReceipt(server, { ...common, device: other, counter: 7 }),
      CRYPTOGRAPHY,
    ),
    reading(
      "another server's receipt, by the same key",
      Kind.receipt,
      messages.sealReceipt(server, { ...common, issuer: "signet.exampl3", counter: 7 }),
      CRYPTOGRAPHY,
    ),
  ];
}

// ------------------------------------------------------------------------------------------------ the handshake

/** More steps than any message takes, also when what follows it is not what should be. */
const STEPS = 8;
const STEP: Kept = { call: Call.Step, first: 0, second: 0, bytes: Buffer.alloc(0), answer: 0 };
const DRAIN: Kept = { ...STEP, call: Call.ToPeer, first: 1024 };
const STATE: Kept = { ...STEP, call: Call.State };

/**
 * The calls of a conversation in which the server goes on whatever the client says: after each piece of the server's, more
 * steps than it takes, and what the client says is taken away. The targets begin with the server's Certificate, or what is
 * in its place.
 */
function conversation(kept: readonly Kept[], from: number): Pick<Campaign, "before" | "targets"> {
  const calls: Kept[] = [];
  let pieces = 0;
  let begin = 0;
  for (const one of kept) {
    if (one.call === Call.Step || one.call === Call.ToPeer || one.call === Call.Read) continue;
    if (one.call === Call.FromPeer && pieces++ === from) begin = calls.length;
    calls.push(one);
    if (one.call === Call.Start || one.call === Call.FromPeer) for (let i = 0; i < STEPS; i++) calls.push(STEP, DRAIN);
  }
  calls.push(STATE);
  const requests = calls.map(requestOf);
  return { before: requests.slice(0, begin), targets: requests.slice(begin) };
}

interface Setting {
  readonly server: Identity;
  readonly settings: Settings;
  /** Send the server's messages after its hello, under the handshake's keys. */
  readonly say: (script: Script<RecordedClient>) => void;
  /** Number of the server's pieces before the attacked ones. */
  readonly from: number;
  readonly hello?: (script: Script<RecordedClient>) => void;
  /** A compile-time choice of the client. */
  readonly use?: string;
}

function shaking(name: string, { server, settings, say, from, hello, use }: Setting): Attack {
  const script = new Script(
    server,
    { random: fixedBytes("faults: random", 128), ...settings },
    new RecordedClient(use),
  );
  // The client's answer is discarded unread: it cannot be opened without the right keys.
  script.listen = () => void script.client.drain();
  if (hello) hello(script);
  else script.helloDone();
  say(script);
  const { before, targets } = conversation(script.client.take(), from);
  return {
    name,
    before,
    targets,
    apart: CRYPTOGRAPHY,
    isRefused: ({ result }) => result === 0 - State.Failed,
    isOpened: ({ outcome, result }) =>
      outcome === "returned" && (result === 0 - State.Connected || result === 0 - State.Closing),
  };
}

/** Handshakes with a server that is not the right one, each of which is refused at another place. */
export async function handshakes(): Promise<Attack[]> {
  const [right, wrong, root] = [await identity("right"), await identity("wrong"), await identity("root")];
  const host = "localhost";
  const raw: Extension[] = [[20, "02"]];
  const leaf = (subject: Identity, issuer: Identity, name = host): Promise<Buffer> =>
    certify({ subject, issuer, issuerName: "CN=root", name: "CN=leaf", extensions: leafExtensions(name) }).then(
      (made) => Buffer.from(made.rawData),
    );
  const finishAll = (
    script: Script<RecordedClient>,
    certificate: Uint8Array,
    verify: Buffer | undefined,
    ext = raw,
  ): void => {
    script.send(script.encryptedExtensions(ext));
    script.send(script.certificate([certificate]));
    script.send(verify ?? script.certificateVerify());
    script.finish();
  };
  const chained = { host, roots: [root.key], pins: [] };
  const psk = { host, psk: fixedBytes("faults: psk", 32), identity: "a psk" };
  const [foreign, elsewhere] = [await leaf(wrong, wrong), await leaf(wrong, root, "elsewhere")];
  return [
    shaking("a raw key that is not pinned", {
      server: wrong,
      settings: { host, pins: [right.key] },
      say: (script) => finishAll(script, script.rawKey, undefined),
      from: 2,
    }),
    shaking("the pinned key, another's CertificateVerify", {
      server: right,
      settings: { host, pins: [right.key] },
      say: (script) => {
        script.send(script.encryptedExtensions(raw));
        script.send(script.certificate([script.rawKey]));
        script.send(script.certificateVerify(0x0807, wrong.pem));
        script.finish();
      },
      from: 3,
    }),
    shaking("a wrong Finished", {
      server: right,
      settings: { host, pins: [right.key] },
      say: (script) => {
        script.send(script.encryptedExtensions(raw));
        script.send(script.certificate([script.rawKey]));
        script.send(script.certificateVerify());
        script.finish(flipped(script.finished(), 12));
      },
      from: 4,
    }),
    shaking("a chain to a root that is not pinned", {
      server: wrong,
      settings: chained,
      say: (script) => finishAll(script, foreign, undefined, []),
      from: 2,
    }),
    shaking("a chain for another host", {
      server: wrong,
      settings: chained,
      say: (script) => finishAll(script, elsewhere, undefined, []),
      from: 2,
    }),
    shaking("a pre-shared key that was not offered", {
      server: wrong,
      settings: { host, pins: [right.key] },
      hello: (script) => script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), [41, "0000"]] }),
      say: (script) => {
        script.send(script.encryptedExtensions());
        script.finish();
      },
      from: 0,
    }),
    shaking("a pre-shared key that the server does not have", {
      server: wrong,
      settings: psk,
      hello: (script) => script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), [41, "0000"]] }),
      say: (script) => {
        script.send(script.encryptedExtensions());
        script.finish();
      },
      from: 0,
    }),
  ];
}

/** The same for the choice `public`: the flight comes in a record that is opened in pieces, and its tag is wrong. Finished is right. */
export async function wideHandshakes(): Promise<Attack[]> {
  const server = await identity("right");
  return [
    shaking("a record beyond the buffer with a wrong tag", {
      server,
      settings: { host: "localhost", pins: [server.key] },
      use: "TLS_PUBLIC=1",
      say: (script) => {
        const parts = [
          // The client does not read supported_groups: it makes the record long.
          (): Buffer =>
            script.encryptedExtensions([
              [20, "02"],
              [10, Buffer.alloc(1200, 7)],
            ]),
          (): Buffer => script.certificate([script.rawKey]),
          (): Buffer => script.certificateVerify(),
        ];
        const flight = parts.map((part) => {
          const message = part();
          script.transcript = Buffer.concat([script.transcript, message]);
          return message;
        });
        const record = script.record(22, Buffer.concat(flight));
        script.raw(flipped(record, record.length - 1), 1024);
        script.finish();
      },
      from: 1,
    }),
  ];
}
