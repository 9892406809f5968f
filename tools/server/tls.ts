/**
 * The server's identity in TLS: an Ed25519 key of its own, made at the first start, and a certificate in its own name around it,
 * made anew at each. Devices pin the key; the certificate says nothing they rely on.
 */
import "reflect-metadata";
import { createPublicKey, randomBytes, webcrypto, type KeyObject } from "node:crypto";
import type { ServerOptions as HttpsOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket, type SecureContext, type Server } from "node:tls";
import * as x509 from "@peculiar/x509";
import { id } from "../wire/key.ts";
import { readOrMake } from "./keys.ts";

export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
  /** The raw public key, which devices pin. */
  readonly publicKey: Uint8Array;
}

const YEARS_MS = 10 * 365 * 86_400_000;
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** The raw Ed25519 key in a key object; undefined if it is of another kind. */
function rawKey(key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== "ed25519") return undefined;
  return new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(SPKI_HEAD.length));
}

/** Make a certificate in a key's own name around it. */
export async function certify(key: KeyObject, name: string, now: number): Promise<string> {
  const { subtle } = webcrypto;
  const usable = async (object: KeyObject, type: "pkcs8" | "spki", use: "sign" | "verify"): Promise<never> =>
    (await subtle.importKey(type, object.export({ format: "der", type }), "Ed25519", true, [use])) as never;
  x509.cryptoProvider.set(webcrypto as never);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: [{ CN: [name] }],
    notBefore: new Date(now - 86_400_000),
    notAfter: new Date(now + YEARS_MS),
    keys: {
      privateKey: await usable(key, "pkcs8", "sign"),
      publicKey: await usable(createPublicKey(key), "spki", "verify"),
    },
    signingAlgorithm: { name: "Ed25519" } as never,
  });
  return certificate.toString("pem");
}

/** Read the TLS key in a file, making it at the first start, and certify it. */
export async function load(path: string, name: string, now: number): Promise<TlsIdentity> {
  const key = readOrMake(path);
  return {
    key: key.export({ format: "pem", type: "pkcs8" }) as string,
    certificate: await certify(key, name, now),
    publicKey: rawKey(createPublicKey(key))!,
  };
}

/** Make the TLS options of Node: TLS 1.3 only, and a request for each client's key, which `peerId` reads. */
export function options(identity: TlsIdentity): HttpsOptions {
  return {
    key: identity.key,
    cert: identity.certificate,
    minVersion: "TLSv1.3",
    requestCert: true,
    // A device's certificate is self-signed: its key is compared, nothing else in it counts.
    rejectUnauthorized: false,
  };
}

/** Node's question for a ticket key: to seal a new ticket, or to open one. */
type TicketKeys = (name: Uint8Array, iv: Uint8Array, seals: boolean) => [verdict: number, ...keys: Uint8Array[]];

/** The part of Node's TLS context that has no documentation. */
interface Context {
  onticketkeycallback?: TicketKeys;
  enableTicketKeyCallback?(): void;
}

/** OpenSSL's verdicts on a ticket: unknown; known; known, and to be followed by a new one. */
const TICKET = { unknown: 0, sealed: 1, renew: 2 } as const;

/**
 * Give a new ticket on each resumed connection, so that a device that comes often makes one full handshake. Node gives tickets on full
 * handshakes only, and has no documented way to change that. False if this Node has none at all.
 */
export function renewTickets(server: Server): boolean {
  const context = (server as unknown as { _sharedCreds?: { context?: Context } })._sharedCreds?.context;
  if (context?.enableTicketKeyCallback === undefined) return false;
  const [name, mac, cipher] = [randomBytes(16), randomBytes(16), randomBytes(16)];
  context.onticketkeycallback = (asked, _iv, seals) => {
    if (seals) return [TICKET.sealed, mac, cipher, name, randomBytes(16)];
    // Node 20 aborts the process if the keys are missing, whatever the verdict is.
    return [name.equals(asked) ? TICKET.renew : TICKET.unknown, mac, cipher];
  };
  context.enableTicketKeyCallback();
  return true;
}

/**
 * Begin TLS on a stream that is no socket, and hand it to `server` once its client is proven. The address counts as its client's: Node
 * knows none. A handshake takes at most `limitMs`; `finished` is called at its end.
 */
export function accept(server: Server, stream: Duplex, address: string, limitMs: number, finished: () => void): void {
  const secureContext = (server as unknown as { _sharedCreds: SecureContext })._sharedCreds;
  const socket = new TLSSocket(stream, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
  Object.defineProperty(socket, "remoteAddress", { value: address });
  const end = (): void => void socket.destroy();
  const timer = setTimeout(end, limitMs);
  socket.on("error", end);
  socket.once("close", () => clearTimeout(timer));
  socket.once("secure", () => {
    clearTimeout(timer);
    finished();
    server.emit("secureConnection", socket);
  });
}

/** An id that no device has. */
const NOBODY = new Uint8Array(0);

/** Return the id of the device that TLS authenticated. Undefined without TLS; NOBODY without an Ed25519 client key. */
export function peerId(socket: Socket): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const key = socket.getPeerX509Certificate()?.publicKey;
  const raw = key === undefined ? undefined : rawKey(key);
  return raw === undefined ? NOBODY : id(raw);
}
