/**
 * COSE_Sign1 (RFC 9052 §4.2), tagged, an empty unprotected header and an attached payload:
 *
 *     18([ header: bstr, {}, payload: bstr, signature: bstr ])
 *     ToBeSigned = ["Signature1", header: bstr, h'', payload: bstr]
 *
 * The payload is written once, in its place in the message. The signature covers a short head, built in scratch,
 * and then the payload in its place.
 */
import { Status } from "../lib/status";
import { Reader } from "../lib/reader";
import { Writer } from "../lib/writer";
import * as scratch from "../lib/scratch";
import * as ed25519 from "../crypto/ed25519";
import * as signers from "../signer/signer";
import { Algorithm, Signer } from "../signer/signer";
import * as cbor from "./cbor";
import { Major, Slice } from "./cbor";

const TAG: u32 = 18;
const FIELDS: u32 = 4;
/** Room for the payload's head: lengths up to 65,535. */
const PAYLOAD_HEAD_BYTES: u32 = 3;

/** Longest protected header: the three fields of a Signet message need 77. */
export const HEADER_BYTES: u32 = 96;
/** Longest payload. */
export const PAYLOAD_BYTES: u32 = 1024;

/** An array of 4, then a text of 10 bytes: each ToBeSigned starts so. */
const CONTEXT: usize = memory.data<u8>([0x84, 0x6a, "Signature1"]);
const CONTEXT_BYTES: u32 = bytesOf(CONTEXT);
/** The context, two string heads, the header, and the empty external_aad. */
const HEAD_BYTES: u32 = CONTEXT_BYTES + PAYLOAD_HEAD_BYTES + HEADER_BYTES + 1 + PAYLOAD_HEAD_BYTES;

const part = changetype<Slice>(memory.data(offsetof<Slice>(), 4));

/** A message: where its parts lie, while it is written and after it was read. */
@unmanaged
export class Sign1 {
  header: usize;
  headerLen: u32;
  payload: usize;
  payloadLen: u32;
  signature: usize;
  /** Result of `verify`; Forged before. */
  verdict: Status;
}

/** Begin a message at `out`; the caller then writes `headerLen` bytes of protected header. */
export function begin(message: Sign1, out: Writer, headerLen: u32): void {
  cbor.head(out, Major.Tag, TAG);
  cbor.array(out, FIELDS);
  cbor.head(out, Major.Bytes, headerLen);
  message.header = out.at;
  message.headerLen = headerLen;
}

/** End the header and begin the payload, which the caller then writes. */
export function beginPayload(message: Sign1, out: Writer): void {
  if (out.ok() && <u32>(out.at - message.header) != message.headerLen) unreachable();
  cbor.map(out, 0);
  out.take(PAYLOAD_HEAD_BYTES);
  message.payload = out.at;
}

/** End the payload, and leave room for the signature: Ok, or TooLong, and then the message is to be dropped. */
export function end(message: Sign1, out: Writer, signer: Signer): Status {
  const payloadLen = <u32>(out.at - message.payload);
  if (out.failed || payloadLen > PAYLOAD_BYTES || message.headerLen > HEADER_BYTES) return Status.TooLong;
  // The head of the payload has its shortest form, so a short payload moves up to it.
  const written = message.payload;
  message.payload = written - PAYLOAD_HEAD_BYTES + cbor.headBytes(payloadLen);
  message.payloadLen = payloadLen;
  out.at = written - PAYLOAD_HEAD_BYTES;
  memory.copy(message.payload, written, payloadLen);
  cbor.head(out, Major.Bytes, payloadLen);
  out.at += payloadLen;

  const signatureBytes = signers.signatureBytes(signer);
  cbor.head(out, Major.Bytes, signatureBytes);
  message.signature = out.take(signatureBytes);
  return out.failed ? Status.TooLong : Status.Ok;
}

/**
 * Sign a finished message: Ok; Again, then call again later, with the message in its place; or Forged, after a fault: drop the
 * message. `noise` is 32 fresh random bytes, or 0 for a signature that depends on key and message alone.
 *
 * CT: lengths leak; noise does not.
 */
export function sign(message: Sign1, signer: Signer, noise: usize): Status {
  const head = scratch.take(HEAD_BYTES);
  const headLen = toBeSigned(head, message);
  const status = signers.sign(message.signature, signer, noise, head, headLen, message.payload, message.payloadLen);
  scratch.release(head);
  return status;
}

/**
 * Read one message and leave the rest to the reader. The header and payload are only located, not parsed. The reader fails on
 * any other form.
 */
export function read(out: Sign1, from: Reader): void {
  out.verdict = Status.Forged;
  cbor.readCount(from, Major.Tag, TAG);
  cbor.readCount(from, Major.Array, FIELDS);
  cbor.readString(part, from, Major.Bytes, 0, HEADER_BYTES);
  out.header = part.at;
  out.headerLen = part.len;
  cbor.readCount(from, Major.Map, 0);
  cbor.readString(part, from, Major.Bytes, 0, PAYLOAD_BYTES);
  out.payload = part.at;
  out.payloadLen = part.len;
  out.signature = cbor.readFixed(from, ed25519.SIGNATURE_BYTES);
}

/** Verify a message that was read with the public key at `key`: Ok, or Forged. The verdict stays in the message, too. */
export function verify(message: Sign1, algorithm: Algorithm, key: usize, keyLen: u32): Status {
  if (algorithm != Algorithm.Ed25519 || keyLen != ed25519.KEY_BYTES) unreachable();
  const head = scratch.take(HEAD_BYTES);
  const headLen = toBeSigned(head, message);
  message.verdict = ed25519.verify(message.signature, key, head, headLen, message.payload, message.payloadLen);
  scratch.release(head);
  return message.verdict;
}

/** Write ToBeSigned up to the payload's first byte to `out`, which holds HEAD_BYTES; returns its length. */
function toBeSigned(out: usize, message: Sign1): u32 {
  const writer = changetype<Writer>(scratch.take(offsetof<Writer>()));
  writer.begin(out, HEAD_BYTES);
  writer.bytes(CONTEXT, CONTEXT_BYTES);
  cbor.bytes(writer, message.header, message.headerLen);
  cbor.head(writer, Major.Bytes, 0);
  cbor.head(writer, Major.Bytes, message.payloadLen);
  const len = writer.length();
  scratch.release(changetype<usize>(writer));
  return len;
}
