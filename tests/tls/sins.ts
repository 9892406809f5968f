// Longer than 400 lines: one list, an entry for each way in which a server can break the protocol.
/** Messages that a server must not send, each with the client's alert, for a scripted server against any client. */
import assert from "node:assert/strict";
import { fixedBytes } from "./client.ts";
import type { Identity } from "./identities.ts";
import { Content, Kind, message, vector16, type Ends, type Script } from "./script.ts";
import { u16 } from "./suite.ts";

export const Alert = {
  UnexpectedMessage: 10,
  BadRecordMac: 20,
  RecordOverflow: 22,
  BadCertificate: 42,
  UnsupportedCertificate: 43,
  CertificateExpired: 45,
  CertificateUnknown: 46,
  IllegalParameter: 47,
  UnknownCa: 48,
  DecodeError: 50,
  DecryptError: 51,
  ProtocolVersion: 70,
  MissingExtension: 109,
  UnsupportedExtension: 110,
} as const;

/** A forbidden message: its name, the alert, and the way to send it; `other` is another server. */
export type Sin = [name: string, alert: number, say: (s: Script<Ends>, other: Identity) => void];

/** One wrong thing before the handshake's keys: what the server says instead of a good ServerHello. */
export const hellos: Sin[] = [
  ["legacy_version is not 0x0303", Alert.IllegalParameter, (s) => s.send(s.serverHello({ version: 0x0304 }))],
  ["TLS 1.2 is chosen", Alert.ProtocolVersion, (s) => s.send(s.serverHello({ extensions: [s.shareExtension()] }))],
  [
    "TLS 1.2 without extensions",
    Alert.ProtocolVersion,
    (s) => s.send(message(Kind.ServerHello, s.serverHello().subarray(4, 4 + 2 + 32 + 33 + 3))),
  ],
  [
    "TLS 1.2 with the downgrade sentinel of TLS 1.2",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ random: sentinel(1), extensions: [] })),
  ],
  [
    "TLS 1.1 with the downgrade sentinel of TLS 1.1",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ version: 0x0302, random: sentinel(0), extensions: [] })),
  ],
  [
    "an unknown version is chosen",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ extensions: [[43, "0305"], s.shareExtension()] })),
  ],
  [
    "the session id is not echoed",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ session: fixedBytes("x", 32) })),
  ],
  ["the session id is cut", Alert.IllegalParameter, (s) => s.send(s.serverHello({ session: s.session.subarray(1) }))],
  ["a suite that was not offered", Alert.IllegalParameter, (s) => s.send(s.serverHello({ suite: 0x1301 }))],
  ["compression", Alert.IllegalParameter, (s) => s.send(s.serverHello({ compression: 1 }))],
  ["no key share", Alert.MissingExtension, (s) => s.send(s.serverHello({ extensions: [[43, "0304"]] }))],
  [
    "a share of a group that was not offered",
    Alert.IllegalParameter,
    (s) =>
      s.send(
        s.serverHello({
          extensions: [
            [43, "0304"],
            [51, Buffer.concat([u16(0x17), vector16(Buffer.alloc(65, 4))])],
          ],
        }),
      ),
  ],
  [
    "a share of the wrong length",
    Alert.IllegalParameter,
    (s) =>
      s.send(
        s.serverHello({
          extensions: [
            [43, "0304"],
            [51, Buffer.concat([u16(0x1d), vector16(Buffer.alloc(31, 9))])],
          ],
        }),
      ),
  ],
  [
    "a share of small order: the shared secret is zero",
    Alert.IllegalParameter,
    (s) =>
      s.send(
        s.serverHello({
          extensions: [
            [43, "0304"],
            [51, Buffer.concat([u16(0x1d), vector16(Buffer.alloc(32))])],
          ],
        }),
      ),
  ],
  [
    "two key shares",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ extensions: [[43, "0304"], s.shareExtension(), s.shareExtension()] })),
  ],
  [
    "a PSK that was not offered",
    Alert.UnsupportedExtension,
    (s) => s.send(s.serverHello({ extensions: [[43, "0304"], s.shareExtension(), [41, "0000"]] })),
  ],
  [
    "an extension that was not offered",
    Alert.UnsupportedExtension,
    (s) => s.send(s.serverHello({ extensions: [[43, "0304"], s.shareExtension(), [18, ""]] })),
  ],
  [
    "an extension that belongs elsewhere",
    Alert.IllegalParameter,
    (s) => s.send(s.serverHello({ extensions: [[43, "0304"], s.shareExtension(), [28, "0400"]] })),
  ],
  [
    "a cookie in a ServerHello",
    Alert.UnsupportedExtension,
    (s) => s.send(s.serverHello({ extensions: [[43, "0304"], s.shareExtension(), [44, "0001aa"]] })),
  ],
  [
    "a ServerHello that is cut",
    Alert.DecodeError,
    (s) => s.send(message(Kind.ServerHello, s.serverHello().subarray(4, 40))),
  ],
  [
    "bytes after the extensions",
    Alert.DecodeError,
    (s) => s.send(message(Kind.ServerHello, Buffer.concat([s.serverHello().subarray(4), Buffer.from([0])]))),
  ],
  ["a retry that changes nothing", Alert.IllegalParameter, (s) => s.retry({ extensions: [[43, "0304"]] })],
  [
    "a retry for the group whose share was sent",
    Alert.IllegalParameter,
    (s) =>
      s.retry({
        extensions: [
          [43, "0304"],
          [51, "001d"],
        ],
      }),
  ],
  [
    "a retry for a group that was not offered",
    Alert.IllegalParameter,
    (s) =>
      s.retry({
        extensions: [
          [43, "0304"],
          [51, "0017"],
        ],
      }),
  ],
  ["a retry with a suite that was not offered", Alert.IllegalParameter, (s) => s.retry({ suite: 0x1302 })],
  [
    "a retry with an empty cookie",
    Alert.DecodeError,
    (s) =>
      s.retry({
        extensions: [
          [43, "0304"],
          [44, "0000"],
        ],
      }),
  ],
  ["a second retry", Alert.UnexpectedMessage, (s) => [s.retry(), s.retry()]],
  [
    "a cookie too long for a hello",
    80,
    (s) =>
      s.retry({
        extensions: [
          [43, "0304"],
          [44, vector16(Buffer.alloc(850, 1))],
        ],
      }),
  ],
  [
    "a message after ServerHello in its record",
    Alert.UnexpectedMessage,
    (s) => s.send(s.serverHello(), s.encryptedExtensions()),
  ],
  ["a message longer than the buffer", Alert.IllegalParameter, (s) => s.send(Buffer.from([2, 0, 4, 0]))],
  ["a message of 16 MB", Alert.IllegalParameter, (s) => s.send(Buffer.from([2, 255, 255, 255]))],
  ["a plaintext record longer than the buffer", Alert.RecordOverflow, (s) => s.raw(Buffer.from([22, 3, 3, 4, 1]))],
  ["a record of an unknown type", Alert.UnexpectedMessage, (s) => s.raw(Buffer.from("HTTP/1.1 400 Bad Request\r\n"))],
  ["an empty handshake record", Alert.UnexpectedMessage, (s) => s.raw(s.record(Content.Handshake, Buffer.alloc(0)))],
  [
    "application data before keys",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(Content.ApplicationData, Buffer.alloc(40))),
  ],
  [
    "change_cipher_spec of another value",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(Content.ChangeCipherSpec, Buffer.from([2]))),
  ],
  [
    "change_cipher_spec of two bytes",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(Content.ChangeCipherSpec, Buffer.from([1, 1]))),
  ],
  ["an alert of one byte", Alert.DecodeError, (s) => s.raw(s.record(Content.Alert, Buffer.from([2])))],
  [
    "change_cipher_spec inside a split message",
    Alert.UnexpectedMessage,
    (s) => {
      s.raw(s.record(Content.Handshake, s.serverHello().subarray(0, 50)));
      s.raw(s.record(Content.ChangeCipherSpec, Buffer.from([1])));
    },
  ],
];

/** A server's random that ends in a downgrade sentinel (RFC 8446 §4.1.3). */
function sentinel(last: number): Buffer {
  return Buffer.concat([fixedBytes("random", 24), Buffer.from("DOWNGRD"), Buffer.from([last])]);
}

/** One wrong thing under the handshake's keys. */
export const LONG_RECORD = "a protected record longer than the buffer";

export const flights: Sin[] = [
  ["EncryptedExtensions cut", Alert.DecodeError, (s) => s.send(message(8, Buffer.from([0, 5, 0, 0])))],
  [
    "an extension twice",
    Alert.IllegalParameter,
    (s) =>
      s.send(
        s.encryptedExtensions([
          [0, ""],
          [0, ""],
        ]),
      ),
  ],
  ["an extension that was not offered", Alert.UnsupportedExtension, (s) => s.send(s.encryptedExtensions([[35, ""]]))],
  ["early_data that was not offered", Alert.UnsupportedExtension, (s) => s.send(s.encryptedExtensions([[42, ""]]))],
  [
    "key_share in EncryptedExtensions",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([s.shareExtension()])),
  ],
  ["server_name with a body", Alert.DecodeError, (s) => s.send(s.encryptedExtensions([[0, "00"]]))],
  ["ALPN that was not offered", Alert.UnsupportedExtension, (s) => s.send(s.encryptedExtensions([[16, "0003026832"]]))],
  ["another max_fragment_length", Alert.IllegalParameter, (s) => s.send(s.encryptedExtensions([[1, "01"]]))],
  [
    "max_fragment_length and record_size_limit",
    Alert.IllegalParameter,
    (s) =>
      s.send(
        s.encryptedExtensions([
          [1, "02"],
          [28, "0400"],
        ]),
      ),
  ],
  ["record_size_limit below 64", Alert.IllegalParameter, (s) => s.send(s.encryptedExtensions([[28, "003f"]]))],
  ["an unknown certificate type", Alert.IllegalParameter, (s) => s.send(s.encryptedExtensions([[20, "01"]]))],
  [
    "a request with a context",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions(), s.certificateRequest([[13, "00020807"]], Buffer.from("c"))),
  ],
  [
    "a request without signature_algorithms",
    Alert.MissingExtension,
    (s) => s.send(s.encryptedExtensions(), s.certificateRequest([])),
  ],
  [
    "a request with an empty list of schemes",
    Alert.DecodeError,
    (s) => s.send(s.encryptedExtensions(), s.certificateRequest([[13, "0000"]])),
  ],
  [
    "a certificate with a context",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey], "", Buffer.from("c"))),
  ],
  ["no certificate", Alert.DecodeError, (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([]))],
  [
    "an empty certificate",
    Alert.DecodeError,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([Buffer.alloc(0)])),
  ],
  [
    "two raw keys",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey, s.rawKey])),
  ],
  [
    "a raw key that is cut",
    Alert.BadCertificate,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey.subarray(1)])),
  ],
  [
    "a certificate entry with an extension",
    Alert.UnsupportedExtension,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey], "00050000")),
  ],
  [
    "key_share in a certificate entry",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey], "00330000")),
  ],
  [
    "server_name in a certificate entry",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey], "00000000")),
  ],
  [
    "an extension of a certificate entry that is cut",
    Alert.DecodeError,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey], "0033000100".slice(0, 8))),
  ],
  [
    "a certificate of bytes that are no DER",
    Alert.BadCertificate,
    (s) => s.send(s.encryptedExtensions(), s.certificate([Buffer.from("GARBAGE")])),
  ],
  [
    "a raw key of another algorithm",
    Alert.UnsupportedCertificate,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([xKey()])),
  ],
  [
    "33 times change_cipher_spec",
    Alert.UnexpectedMessage,
    (s) => repeat(33, () => s.raw(Buffer.from([20, 3, 3, 0, 1, 1]))),
  ],
  [
    "a certificate longer than the buffer",
    Alert.IllegalParameter,
    (s) => s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([Buffer.alloc(1025)]).subarray(0, 900)),
  ],
  [
    "X.509 that is none",
    Alert.BadCertificate,
    (s) => s.send(s.encryptedExtensions(), s.certificate([Buffer.from("3003020101", "hex")])),
  ],
  [
    "a scheme that was not offered",
    Alert.IllegalParameter,
    (s) => [upToCertificate(s), s.send(s.certificateVerify(0x0804))],
  ],
  [
    "another key's signature",
    Alert.DecryptError,
    (s, other) => [upToCertificate(s), s.send(s.certificateVerify(0x0807, other.pem))],
  ],
  [
    "the client's context in a signature",
    Alert.DecryptError,
    (s) => [upToCertificate(s), s.send(s.certificateVerify(0x0807, s.identity.pem, "client"))],
  ],
  [
    "a signature over another transcript",
    Alert.DecryptError,
    (s) => {
      upToCertificate(s);
      const verify = s.certificateVerify();
      s.transcript = Buffer.concat([s.transcript, Buffer.from("x")]);
      const wrong = s.certificateVerify();
      assert.notDeepEqual(verify, wrong);
      s.raw(s.record(Content.Handshake, wrong));
    },
  ],
  [
    "a signature of 63 bytes",
    Alert.DecryptError,
    (s) => [upToCertificate(s), s.send(message(15, Buffer.concat([u16(0x0807), vector16(Buffer.alloc(63))])))],
  ],
  [
    "a CertificateVerify of 1,000 bytes",
    Alert.DecodeError,
    (s) => [upToCertificate(s), s.send(message(15, Buffer.alloc(1000, 8)))],
  ],
  [
    "a CertificateVerify with bytes left over",
    Alert.DecodeError,
    (s) => [
      upToCertificate(s),
      s.send(message(15, Buffer.concat([s.certificateVerify().subarray(4), Buffer.alloc(1)]))),
    ],
  ],
  ["Finished with a bit flipped", Alert.DecryptError, (s) => [upToVerify(s), s.send(flipped(s.finished(), 35))]],
  ["Finished with its first bit flipped", Alert.DecryptError, (s) => [upToVerify(s), s.send(flipped(s.finished(), 4))]],
  [
    "Finished of 31 bytes",
    Alert.DecodeError,
    (s) => [upToVerify(s), s.send(message(20, s.finished().subarray(4, 35)))],
  ],
  [
    "Finished with a message after it in its record",
    Alert.UnexpectedMessage,
    (s) => [upToVerify(s), s.send(s.finished(), message(24, Buffer.from([0])))],
  ],
  [
    "application data before Finished",
    Alert.UnexpectedMessage,
    (s) => [upToVerify(s), s.raw(s.record(Content.ApplicationData, Buffer.from("early")))],
  ],
  [
    "a handshake record in the clear after keys",
    Alert.UnexpectedMessage,
    (s) => s.raw(Buffer.concat([Buffer.from([22, 3, 3]), vector16(s.encryptedExtensions())])),
  ],
  ["an alert in the clear after keys", Alert.UnexpectedMessage, (s) => s.raw(Buffer.from([21, 3, 3, 0, 2, 2, 40]))],
  [
    "a record too short to be protected",
    Alert.BadRecordMac,
    (s) => s.raw(Buffer.from([23, 3, 3, 0, 16, ...Buffer.alloc(16)])),
  ],
  [LONG_RECORD, Alert.RecordOverflow, (s) => s.raw(Buffer.from([23, 3, 3, 4, 18]))],
  ["a protected record of nothing but padding", Alert.UnexpectedMessage, (s) => s.raw(s.record(-1, Buffer.alloc(20)))],
  [
    "an inner change_cipher_spec",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(Content.ChangeCipherSpec, Buffer.from([1]))),
  ],
  ["an inner type that is unknown", Alert.UnexpectedMessage, (s) => s.raw(s.record(99, Buffer.from([1])))],
  [
    "an empty protected handshake record",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(Content.Handshake, Buffer.alloc(0))),
  ],
  ["an empty protected alert", Alert.UnexpectedMessage, (s) => s.raw(s.record(Content.Alert, Buffer.alloc(0)))],
  [
    "an alert inside a split message",
    Alert.UnexpectedMessage,
    (s) => [
      s.raw(s.record(Content.Handshake, s.encryptedExtensions().subarray(0, 3))),
      s.raw(s.record(Content.Alert, Buffer.from([1, 0]))),
    ],
  ],
];

/** The SubjectPublicKeyInfo of an X25519 key. */
function xKey(): Buffer {
  return Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), fixedBytes("key", 32)]);
}

function repeat(times: number, say: () => unknown): void {
  for (let i = 0; i < times; i++) say();
}

/** A KeyUpdate, and the keys after it. */
function keyUpdate(s: Script<Ends>, request: number): void {
  const record = s.record(22, message(24, Buffer.from([request])));
  s.updateKeys();
  s.raw(record);
}

function upToCertificate(s: Script<Ends>): void {
  s.send(s.encryptedExtensions([[20, "02"]]));
  s.send(s.certificate([s.rawKey]));
}

function upToVerify(s: Script<Ends>): void {
  upToCertificate(s);
  s.send(s.certificateVerify());
}

/** The bytes with one bit flipped. */
export function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
}

/** One wrong thing after the handshake. */
export const afterwards: Sin[] = [
  ["KeyUpdate of an unknown kind", Alert.IllegalParameter, (s) => s.raw(s.record(22, message(24, Buffer.from([2]))))],
  ["KeyUpdate without a kind", Alert.DecodeError, (s) => s.raw(s.record(22, message(24, Buffer.alloc(0))))],
  [
    "KeyUpdate with a message after it",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(22, Buffer.concat([message(24, Buffer.from([0])), message(24, Buffer.from([0]))]))),
  ],
  [
    "a record under the old keys after KeyUpdate",
    Alert.BadRecordMac,
    (s) => [s.raw(s.record(22, message(24, Buffer.from([0])))), s.raw(s.record(23, Buffer.from("old")))],
  ],
  ["33 KeyUpdates", Alert.UnexpectedMessage, (s) => repeat(33, () => keyUpdate(s, 0))],
  ["33 empty records of data", Alert.UnexpectedMessage, (s) => repeat(33, () => s.raw(s.record(23, Buffer.alloc(0))))],
  [
    "33 times user_canceled",
    Alert.UnexpectedMessage,
    (s) => repeat(33, () => s.raw(s.record(21, Buffer.from([1, 90])))),
  ],
  [
    "a ticket with an extension that is cut",
    Alert.DecodeError,
    (s) => {
      const ticket = s.ticket(Buffer.from("ticket")).message;
      const body = Buffer.concat([ticket.subarray(4, -2), vector16(Buffer.from("123400ff", "hex"))]);
      s.raw(s.record(22, message(4, body)));
    },
  ],
  [
    "data between the parts of a ticket that is passed over",
    Alert.UnexpectedMessage,
    (s) => {
      const ticket = s.ticket(Buffer.alloc(2980, 1)).message;
      s.raw(s.record(22, ticket.subarray(0, 1000)));
      s.raw(s.record(23, Buffer.from("between")));
    },
  ],
  [
    "an alert between the parts of a ticket that is passed over",
    Alert.UnexpectedMessage,
    (s) => {
      const ticket = s.ticket(Buffer.alloc(2980, 1)).message;
      s.raw(s.record(22, ticket.subarray(0, 1000)));
      s.raw(s.record(21, Buffer.from([1, 90])));
    },
  ],
  ["an empty ticket", Alert.DecodeError, (s) => s.raw(s.record(22, s.ticket(Buffer.alloc(0)).message))],
  ["a ticket that is cut", Alert.DecodeError, (s) => s.raw(s.record(22, message(4, Buffer.alloc(10))))],
  [
    "a request for a certificate after the handshake",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(22, s.certificateRequest())),
  ],
  ["renegotiation: HelloRequest", Alert.UnexpectedMessage, (s) => s.raw(s.record(22, message(0, Buffer.alloc(0))))],
  ["renegotiation: ServerHello", Alert.UnexpectedMessage, (s) => s.raw(s.record(22, s.serverHello()))],
  ["change_cipher_spec after the handshake", Alert.UnexpectedMessage, (s) => s.raw(Buffer.from([20, 3, 3, 0, 1, 1]))],
  [
    "an oversized KeyUpdate after the handshake",
    Alert.DecodeError,
    (s) => s.raw(s.record(22, Buffer.from([24, 0, 4, 0]))),
  ],
  [
    "an oversized message of another kind after the handshake",
    Alert.UnexpectedMessage,
    (s) => s.raw(s.record(22, Buffer.from([11, 0, 4, 0]))),
  ],
];
