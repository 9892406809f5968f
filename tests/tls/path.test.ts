// weight: 10 s, 1 core
/**
 * The choice `public`: chains of certificates that come one at a time through a small buffer, up to an authority whose key the image knows. SIGNET_FULL asks for
 * 100,000 mutated chains.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { before, test } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { entryOf } from "../../tools/generate/authority.ts";
import { State } from "../../tools/tls/client.ts";
import { FULL } from "../full.ts";
import { TlsClient } from "./client.ts";
import { dice } from "./dice.ts";
import {
  caExtensions,
  certify,
  identity,
  leafExtensions,
  p256Identity,
  p384Identity,
  rsaIdentity,
  type Identity,
  type Wish,
} from "./identities.ts";
import { Script, message, vector16 } from "./script.ts";
import { Alert, flipped } from "./sins.ts";

const PUBLIC = "TLS_PUBLIC=1";
/** Bytes of the client's buffer for a message. */
const BUFFER = 3584;

let server: Identity;
let low: Identity;
let high: Identity;
let root: Identity;
let stranger: Identity;
let device: Identity;
/** Leaf and two authorities, of three algorithms; the root above them is not sent. */
let chain: Buffer[];
/** The table of authorities with another one of the same name before the root. */
let known: number[];

const der = async (wish: Wish): Promise<Buffer> => Buffer.from((await certify(wish)).rawData);
const entry = async (subject: Identity, name = "CN=Root"): Promise<number[]> =>
  entryOf(new X509Certificate(await der({ subject, name, extensions: caExtensions() })));

/** An unknown extension that fills a certificate. */
const filler = (len: number): x509.Extension =>
  new x509.Extension("1.2.3.4", false, new Uint8Array(Buffer.alloc(len, 5)));

const leafBy = (issuer: Identity, wish: Partial<Wish> = {}): Promise<Buffer> =>
  der({ subject: server, issuer, issuerName: "CN=Low", ...wish });
const lowBy = (issuer: Identity, wish: Partial<Wish> = {}): Promise<Buffer> =>
  der({ subject: low, name: "CN=Low", issuer, issuerName: "CN=High", extensions: caExtensions(0), ...wish });
const highBy = (issuer: Identity, wish: Partial<Wish> = {}): Promise<Buffer> =>
  der({ subject: high, name: "CN=High", issuer, issuerName: "CN=Root", extensions: caExtensions(1), ...wish });

before(async () => {
  server = await p256Identity();
  low = await p384Identity();
  high = await rsaIdentity();
  root = await p256Identity();
  stranger = await p256Identity();
  device = await identity("device");
  known = [...(await entry(stranger)), ...(await entry(await identity("old"), "CN=Old")), ...(await entry(root)), 0];
  chain = [await leafBy(low, { hash: "SHA-384" }), await lowBy(high, { hash: "SHA-512" }), await highBy(root)];
});

/** A client that has read these certificates; `message` says otherwise what the message has. */
function read(
  certificates: Buffer[],
  anchor: Identity = root,
  table: readonly number[] = known,
  whole?: Buffer,
): Script {
  const script = new Script(
    server,
    { host: "localhost", roots: [anchor.key], seed: device.seed },
    new TlsClient(PUBLIC, table),
  );
  script.helloDone();
  script.send(script.encryptedExtensions());
  script.send(whole ?? script.certificate(certificates));
  return script;
}

/** The alert of a client that refused; undefined if the chain is proven. */
function verdict(script: Script): number | undefined {
  assert.equal(script.client.state, script.alerts.length ? State.Failed : State.WaitCv);
  return script.alerts[0];
}

test("a chain up to a root that is not sent, but known and pinned", async () => {
  const nobody = await leafBy(stranger);
  const cases: [what: string, alert: number | undefined, script: Script][] = [
    ["three certificates", undefined, read(chain)],
    ["the root is not pinned", Alert.UnknownCa, read(chain, server)],
    ["another of that name is pinned", Alert.UnknownCa, read(chain, stranger)],
    ["the root is not known", Alert.UnknownCa, read(chain, root, [0])],
    ["the next entry is no certificate", undefined, read([...chain, Buffer.from("3000", "hex")])],
    ["the next entry is longer than the buffer", undefined, read([...chain, Buffer.alloc(9000, 1)])],
    ["an authority in between is pinned", undefined, read([...chain, Buffer.alloc(9000, 1)], high)],
    ["the first of two authorities is missing", Alert.UnknownCa, read([chain[0]!, chain[2]!])],
    ["the last authority is missing", Alert.UnknownCa, read(chain.slice(0, 2))],
    ["the authorities are in the wrong order", Alert.UnknownCa, read([chain[0]!, chain[2]!, chain[1]!])],
    ["an invalid signature", Alert.BadCertificate, read([nobody, ...chain.slice(1)])],
  ];
  for (const [what, alert, script] of cases) assert.equal(verdict(script), alert, what);
});

test("4 certificates of more than 10 KB go through a buffer of 3.5 KB, each of them must fit", async () => {
  const names = Array.from({ length: 80 }, (_, i) => ({ type: "dns" as const, value: `host-${i}.example.org` }));
  const many = [
    leafExtensions()[0]!,
    new x509.SubjectAlternativeNameExtension([...names, { type: "dns", value: "localhost" }]),
  ];
  const full = (len: number, depth?: number): x509.Extension[] => [...caExtensions(depth), filler(len)];
  const top = { subject: root, issuer: stranger, issuerName: "CN=Top", name: "CN=Root" };
  const big = [
    await leafBy(low, { hash: "SHA-384", extensions: many }),
    await lowBy(high, { hash: "SHA-512", extensions: full(900, 0) }),
    await highBy(root, { extensions: full(800, 1) }),
    await der({ ...top, extensions: caExtensions() }),
  ];
  const huge = [
    chain[0]!,
    await lowBy(high, { extensions: full(2800, 0) }),
    await highBy(root, { extensions: full(2600, 1) }),
  ];
  huge.push(await der({ ...top, extensions: full(3000) }));
  const sum = (list: Buffer[]): number => list.reduce((total, { length }) => total + length, 0);
  assert.ok(sum(big) > BUFFER && sum(huge) > 10_000, `${sum(big)}, ${sum(huge)}`);
  const withTop = [...(await entry(stranger, "CN=Top")), 0];
  assert.equal(verdict(read(big, stranger, withTop)), undefined);
  assert.equal(verdict(read(huge, stranger, withTop)), undefined);
  assert.equal(verdict(read([chain[0]!, await lowBy(high, { extensions: full(BUFFER, 0) })])), Alert.IllegalParameter);
});

test("names that a large leaf has are still held against the constraints of an authority", async () => {
  const tlv = (tag: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([tag, body.length]), body]);
  const constraint = (name: string): x509.Extension =>
    new x509.Extension(
      "2.5.29.30",
      true,
      new Uint8Array(tlv(0x30, tlv(0xa0, tlv(0x30, tlv(0x82, Buffer.from(name)))))),
    );
  for (const [name, alert] of [
    ["localhost", undefined],
    ["elsewhere", Alert.BadCertificate],
  ] as const) {
    const above = await highBy(root, { extensions: [...caExtensions(1), constraint(name)] });
    assert.equal(verdict(read([chain[0]!, chain[1]!, above])), alert, name);
  }
});

test("RFC 5280: parts that a leaf may omit", async () => {
  const bare = await leafBy(low, { hash: "SHA-384", name: "" });
  assert.equal(verdict(read([bare, ...chain.slice(1)])), undefined);
});

test("a Certificate message of a wrong form", () => {
  const entries = (...list: Buffer[]): Buffer =>
    Buffer.concat(list.map((one) => Buffer.concat([Buffer.from([0]), vector16(one), Buffer.from([0, 0])])));
  const body = (list: Buffer, len = list.length): Buffer =>
    Buffer.concat([Buffer.from([0, 0, len >> 8, len & 255]), list]);
  const good = entries(...chain);
  const cases: [what: string, alert: number | undefined, body: Buffer][] = [
    ["the right form", undefined, body(good)],
    ["empty", Alert.DecodeError, Buffer.alloc(0)],
    ["no list", Alert.DecodeError, Buffer.from([0, 0])],
    ["an empty list", Alert.DecodeError, body(Buffer.alloc(0))],
    ["a list that is too long", Alert.DecodeError, body(good, good.length + 1)],
    ["a list that is too short", Alert.DecodeError, body(good, good.length - 1)],
    ["an entry that is cut", Alert.DecodeError, body(good.subarray(0, chain[0]!.length + 200))],
    ["a length that is cut", Alert.DecodeError, body(Buffer.concat([entries(chain[0]!), Buffer.from([0, 0])]))],
    ["extensions that are cut", Alert.DecodeError, body(entries(chain[0]!).subarray(0, -1))],
    ["an empty certificate", Alert.DecodeError, body(entries(chain[0]!, Buffer.alloc(0)))],
    ["a certificate of 64 KB", Alert.IllegalParameter, body(Buffer.concat([Buffer.from([1]), good]))],
  ];
  for (const [what, alert, one] of cases) assert.equal(verdict(read([], root, known, message(11, one))), alert, what);
});

test("a record of another type between the parts of a chain", () => {
  const script = read([], root, known, Buffer.alloc(0));
  const whole = script.certificate(chain);
  script.raw(script.record(22, whole.subarray(0, 700)));
  script.raw(script.record(21, Buffer.from([1, 90])));
  assert.equal(verdict(script), Alert.UnexpectedMessage);
});

test("mutated chains: none is accepted", (context) => {
  const roll = dice(20_784);
  const count = FULL ? 100_000 : 150;
  const alerts = new Map<number | undefined, number>();
  for (let i = 0; i < count; i++) {
    const mutated = [...chain];
    const which = roll(chain.length);
    const one = chain[which]!;
    const at = roll(one.length);
    const len = 1 + roll(4);
    const other = chain[roll(chain.length)]!;
    const from = roll(other.length);
    mutated[which] = [
      () => Buffer.from(one.map((byte, j) => (j === at ? byte ^ (1 << roll(8)) : byte))),
      () => Buffer.concat([one.subarray(0, at), one.subarray(at + len)]),
      () => Buffer.concat([one.subarray(0, at), other.subarray(from, from + len), one.subarray(at)]),
      () => Buffer.concat([one.subarray(0, at), other.subarray(from, from + len), one.subarray(at + len)]),
    ][roll(4)]!();
    if (mutated[which]!.equals(one)) continue;
    const alert = verdict(read(mutated));
    assert.notEqual(alert, undefined, `${i}: certificate ${which} at ${at}`);
    alerts.set(alert, (alerts.get(alert) ?? 0) + 1);
  }
  context.diagnostic(`alerts: ${JSON.stringify([...alerts])}`);
  assert.equal(verdict(read(chain)), undefined);
  assert.notEqual(verdict(read([flipped(chain[0]!, 200), ...chain.slice(1)])), undefined);
});
