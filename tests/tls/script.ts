/**
 * A TLS 1.3 server that does what a test says: every message can be made well or badly, in any order and in any record.
 * Its key schedule is Node's own HMAC and ciphers; nothing of it comes from the client.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { TlsClient, fixedBytes } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import type { Identity } from "./identities.ts";
import { Keys } from "./keys.ts";
import { signAs } from "./signature.ts";
import { CHACHA20_POLY1305_SHA256, type Suite, u16, vector8 } from "./suite.ts";

export const Kind = {
  ClientHello: 1,
  ServerHello: 2,
  NewSessionTicket: 4,
  EndOfEarlyData: 5,
  EncryptedExtensions: 8,
  Certificate: 11,
  CertificateRequest: 13,
  CertificateVerify: 15,
  Finished: 20,
  KeyUpdate: 24,
} as const;

export const Content = { ChangeCipherSpec: 20, Alert: 21, Handshake: 22, ApplicationData: 23 } as const;

/** The content of a record that the client takes. */
const RECORD_BYTES = 1024;

/** An extension as its number and its body. */
export type Extension = [type: number, body: Uint8Array | string];

const u8 = (value: number): Buffer => Buffer.from([value]);
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 255, value & 255]);
const bytesOf = (value: Uint8Array | string): Buffer =>
  typeof value === "string" ? Buffer.from(value, "hex") : Buffer.from(value);
export const vector16 = (value: Uint8Array): Buffer => Buffer.concat([u16(value.length), value]);
const vector24 = (value: Uint8Array): Buffer => Buffer.concat([u24(value.length), value]);

/** A list of extensions with its length. */
export function extensions(list: Extension[]): Buffer {
  return vector16(Buffer.concat(list.map(([type, body]) => Buffer.concat([u16(type), vector16(bytesOf(body))]))));
}

/** A handshake message. */
export function message(kind: number, body: Uint8Array): Buffer {
  return Buffer.concat([u8(kind), vector24(body)]);
}

/** The random that makes a ServerHello a HelloRetryRequest (§4.1.3). */
export const RETRY_RANDOM = createHash("sha256").update("HelloRetryRequest").digest();

const X25519 = 0x1d;
const P256 = 0x17;
/** SubjectPublicKeyInfo up to the key. */
const SPKI_X25519 = "302a300506032b656e032100";
const SPKI_P256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/** The parts of a ServerHello, each replaceable. */
export interface Hello {
  version?: number;
  random?: Uint8Array;
  session?: Uint8Array;
  suite?: number;
  compression?: number;
  extensions?: Extension[];
}

/** The functions of a client that a script needs, on any platform. */
export interface Ends {
  readonly state: number;
  start(settings: Settings): unknown;
  /** All that it has said since the last time, in whole records. */
  drain(): Buffer;
  /** Give it bytes; returns application data that it read, if that can be known. */
  feed(bytes: Uint8Array, chunk?: number): Buffer;
}

/** The two ends: a client, in wasm unless said, and the scripted server. */
export class Script<Client extends Ends = TlsClient> {
  readonly client: Client;
  readonly identity: Identity;
  readonly suite: Suite;
  /** The group of the key exchange. */
  group = X25519;
  /** Handshake bytes so far. */
  transcript: Buffer = Buffer.alloc(0);
  /** Alerts that the client sent, and its application data. */
  alerts: number[] = [];
  /** How many change_cipher_spec it sent. */
  marks = 0;
  data: Buffer = Buffer.alloc(0);
  /** Handshake messages of the client after its hello. */
  messages: Buffer[] = [];
  /** The bytes of this server's application data that the client read. */
  read: Buffer = Buffer.alloc(0);
  hello: Buffer = Buffer.alloc(0);
  session: Buffer = Buffer.alloc(0);
  psk: Buffer;
  write: Keys | undefined;
  #open: Keys | undefined;
  #ephemeral: KeyObject;
  #secret: Buffer;
  clientSecret: Buffer;
  serverSecret: Buffer;
  #clientNext: Buffer;
  resumption: Buffer;

  constructor(
    identity: Identity,
    settings: Settings,
    client: Client = new TlsClient() as Ends as Client,
    suite: Suite = CHACHA20_POLY1305_SHA256,
  ) {
    this.client = client;
    this.suite = suite;
    this.psk = suite.zeros;
    this.#secret = suite.zeros;
    this.clientSecret = suite.zeros;
    this.serverSecret = suite.zeros;
    this.#clientNext = suite.zeros;
    this.resumption = suite.zeros;
    this.identity = identity;
    const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), fixedBytes("ephemeral", 32)]);
    this.#ephemeral = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    client.start(settings);
    this.listen();
  }

  /** This server's public share. */
  get share(): Buffer {
    return createPublicKey(this.#ephemeral)
      .export({ format: "der", type: "spki" })
      .subarray(this.group === P256 ? 26 : 12);
  }

  /** Exchange keys on P-256 from now on. */
  useP256(): void {
    this.group = P256;
    this.#ephemeral = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  }

  /** Hear what the client has to say. */
  listen(): void {
    let bytes = this.client.drain();
    while (bytes.length) {
      const record = bytes.subarray(0, 5 + bytes.readUInt16BE(3));
      bytes = bytes.subarray(record.length);
      const plain = record[0] !== 23;
      const { type, content } = plain ? { type: record[0]!, content: record.subarray(5) } : this.#open!.open(record);
      if (type === Content.Alert) this.alerts.push(content[1]!);
      else if (type === Content.ChangeCipherSpec) this.marks++;
      else if (type === Content.ApplicationData) this.data = Buffer.concat([this.data, content]);
      else if (type === Content.Handshake) this.#hear(content);
    }
  }

  #hear(content: Buffer): void {
    if (content[0] === Kind.ClientHello) {
      this.hello = content;
      this.session = content.subarray(39, 71);
      this.transcript = Buffer.concat([this.transcript, content]);
      return;
    }
    this.messages.push(content);
    if (content[0] === Kind.KeyUpdate) {
      this.clientSecret = this.suite.expandLabel(this.clientSecret, "traffic upd", Buffer.alloc(0));
      this.#open = new Keys(this.suite, this.clientSecret);
      return;
    }
    this.transcript = Buffer.concat([this.transcript, content]);
    if (content[0] === Kind.Finished) {
      this.clientSecret = this.#clientNext;
      this.#open = new Keys(this.suite, this.clientSecret);
      this.resumption = this.#derive("res master", this.transcript);
    }
  }

  /** The body of one of the client's extensions; undefined if it is not there. */
  offered(type: number): Buffer | undefined {
    let at = 71 + 2 + this.hello.readUInt16BE(71) + 2 + 2;
    while (at < this.hello.length) {
      const len = this.hello.readUInt16BE(at + 2);
      if (this.hello.readUInt16BE(at) === type) return this.hello.subarray(at + 4, at + 4 + len);
      at += 4 + len;
    }
    return undefined;
  }

  /** Give the client bytes as they are. */
  raw(bytes: Uint8Array, chunk?: number): void {
    this.read = Buffer.concat([this.read, this.client.feed(bytes, chunk)]);
    this.listen();
  }

  /** A record of this type, under the keys in force. */
  record(type: number, content: Uint8Array, padding = 0): Buffer {
    if (this.write) return this.write.seal(type, content, padding);
    return Buffer.concat([Buffer.from([type, 3, 3]), vector16(content)]);
  }

  /** Send handshake messages in one record, or in as many as they need; they join the transcript. */
  send(...messages: Uint8Array[]): void {
    const content = Buffer.concat(messages);
    this.transcript = Buffer.concat([this.transcript, content]);
    for (let at = 0; at < content.length; at += RECORD_BYTES)
      this.raw(this.record(Content.Handshake, content.subarray(at, at + RECORD_BYTES)));
  }

  shareExtension(): Extension {
    return [51, Buffer.concat([u16(this.group), vector16(this.share)])];
  }

  /** A ServerHello. */
  serverHello(hello: Hello = {}): Buffer {
    const list: Extension[] = hello.extensions ?? [[43, "0304"], this.shareExtension()];
    return message(
      Kind.ServerHello,
      Buffer.concat([
        u16(hello.version ?? 0x0303),
        hello.random ?? fixedBytes("server random", 32),
        vector8(hello.session ?? this.session),
        u16(hello.suite ?? this.suite.number),
        u8(hello.compression ?? 0),
        extensions(list),
      ]),
    );
  }

  /** A HelloRetryRequest. */
  retryRequest(hello: Hello = {}): Buffer {
    return this.serverHello({
      random: RETRY_RANDOM,
      extensions: [
        [43, "0304"],
        [44, vector16(Buffer.from("a cookie"))],
      ],
      ...hello,
    });
  }

  /** Send a HelloRetryRequest, which begins the transcript anew. */
  retry(hello: Hello = {}): void {
    this.transcript = message(254, this.suite.hash(this.transcript));
    this.send(this.retryRequest(hello));
  }

  #derive(label: string, messages: Uint8Array): Buffer {
    return this.suite.expandLabel(this.#secret, label, this.suite.hash(messages));
  }

  /** Turn on the handshake keys; the transcript ends with ServerHello. */
  handshakeKeys(): void {
    const share = this.offered(51)!.subarray(6);
    const spki = Buffer.concat([Buffer.from(this.group === P256 ? SPKI_P256 : SPKI_X25519, "hex"), share]);
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    const shared = diffieHellman({ privateKey: this.#ephemeral, publicKey });
    this.#secret = this.suite.hmac(this.suite.zeros, this.psk);
    this.#secret = this.suite.hmac(this.#derive("derived", Buffer.alloc(0)), shared);
    this.clientSecret = this.#derive("c hs traffic", this.transcript);
    this.serverSecret = this.#derive("s hs traffic", this.transcript);
    this.write = new Keys(this.suite, this.serverSecret);
    this.#open = new Keys(this.suite, this.clientSecret);
  }

  /** ServerHello, and the keys. */
  helloDone(hello: Hello = {}): void {
    // The client's answer, if it is an alert, is under the keys that this hello makes.
    const content = this.serverHello(hello);
    this.transcript = Buffer.concat([this.transcript, content]);
    const record = this.record(Content.Handshake, content);
    this.handshakeKeys();
    this.raw(record);
  }

  encryptedExtensions(list: Extension[] = []): Buffer {
    return message(Kind.EncryptedExtensions, extensions(list));
  }

  certificateRequest(list: Extension[] = [[13, "00020807"]], context: Uint8Array = Buffer.alloc(0)): Buffer {
    return message(Kind.CertificateRequest, Buffer.concat([vector8(context), extensions(list)]));
  }

  /** A Certificate of these DER certificates. */
  certificate(list: Uint8Array[], entry = "", context: Uint8Array = Buffer.alloc(0)): Buffer {
    const entries = list.map((der) => Buffer.concat([vector24(der), vector16(bytesOf(entry))]));
    return message(Kind.Certificate, Buffer.concat([vector8(context), vector24(Buffer.concat(entries))]));
  }

  /** The raw public key as a certificate. */
  get rawKey(): Buffer {
    return createPublicKey(this.identity.pem).export({ format: "der", type: "spki" });
  }

  /** A CertificateVerify over the transcript so far. */
  certificateVerify(scheme = 0x0807, pem = this.identity.pem, context = "server"): Buffer {
    const content = Buffer.concat([
      Buffer.alloc(64, 0x20),
      Buffer.from(`TLS 1.3, ${context} CertificateVerify\0`),
      this.suite.hash(this.transcript),
    ]);
    return message(Kind.CertificateVerify, Buffer.concat([u16(scheme), vector16(signAs(scheme, content, pem))]));
  }

  /** A Finished over the transcript so far. */
  finished(): Buffer {
    const key = this.suite.expandLabel(this.serverSecret, "finished", Buffer.alloc(0));
    return message(Kind.Finished, this.suite.hmac(key, this.suite.hash(this.transcript)));
  }

  /** Turn on the application keys; the transcript ends with the server's Finished. */
  applicationKeys(): void {
    this.#secret = this.suite.hmac(this.#derive("derived", Buffer.alloc(0)), this.suite.zeros);
    this.#clientNext = this.#derive("c ap traffic", this.transcript);
    this.serverSecret = this.#derive("s ap traffic", this.transcript);
    this.write = new Keys(this.suite, this.serverSecret);
  }

  /** Send Finished and turn on the application keys, before the client's answer is heard. */
  finish(finished = this.finished()): void {
    const record = this.record(Content.Handshake, finished);
    this.transcript = Buffer.concat([this.transcript, finished]);
    this.applicationKeys();
    this.raw(record);
  }

  /** The whole handshake with this certificate, raw if there is none. */
  connect(certificates?: Uint8Array[], list: Extension[] = [], scheme?: number): void {
    this.helloDone();
    const raw: Extension[] = certificates ? [] : [[20, "02"]];
    this.send(this.encryptedExtensions([...raw, ...list]));
    this.send(this.certificate(certificates ?? [this.rawKey]));
    this.send(this.certificateVerify(scheme));
    this.finish();
  }

  /** Move this server's sending keys on. */
  updateKeys(): void {
    this.serverSecret = this.suite.expandLabel(this.serverSecret, "traffic upd", Buffer.alloc(0));
    this.write = new Keys(this.suite, this.serverSecret);
  }

  /** A NewSessionTicket, and the PSK it stands for. */
  ticket(ticket: Uint8Array, lifetime = 3600, nonce = Buffer.from([7])): { message: Buffer; psk: Buffer } {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(lifetime);
    head.writeUInt32BE(0x01020304, 4);
    const body = Buffer.concat([head, vector8(nonce), vector16(ticket), extensions([])]);
    return {
      message: message(Kind.NewSessionTicket, body),
      psk: this.suite.expandLabel(this.resumption, "resumption", nonce),
    };
  }

  get connected(): boolean {
    return this.client.state === State.Connected;
  }
}
