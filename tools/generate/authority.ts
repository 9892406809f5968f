/** An authority in the table of the TLS client: the name and the key of its certificate. */
import { createHash, type X509Certificate } from "node:crypto";

/** Bytes of the header and of the content of the value at `at`. */
function measure(der: Uint8Array, at: number): { head: number; len: number } {
  const first = der[at + 1]!;
  if (first < 0x80) return { head: 2, len: first };
  let len = 0;
  for (let i = 0; i < (first & 0x7f); i++) len = (len << 8) | der[at + 2 + i]!;
  return { head: 2 + (first & 0x7f), len };
}

/** The Name of the subject (RFC 5280 §4.1): the sixth field of the signed part of a certificate of version 3. */
function subjectOf(der: Uint8Array): Uint8Array {
  let at = measure(der, 0).head;
  at += measure(der, at).head;
  const end = (from: number): number => from + measure(der, from).head + measure(der, from).len;
  for (let field = 0; field < 5; field++) at = end(at);
  return der.subarray(at, end(at));
}

/** The words of an entry (`authorities.ts`). */
export function entryOf(certificate: X509Certificate): number[] {
  const key = certificate.publicKey.export({ format: "der", type: "spki" });
  const name = createHash("sha256").update(subjectOf(certificate.raw)).digest();
  const bytes = Buffer.concat([name, key, Buffer.alloc(3)]);
  return [key.length, ...Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32LE(4 * i))];
}
