/** Signatures of requests with a body, by Ed25519: HTTP message signatures (RFC 9421, §3.3.6), and those of Standard Webhooks 1.0. */
import { createHash } from "node:crypto";
import * as ed25519 from "../wire/ed25519.ts";

/** A component that is covered: its name, and its value as RFC 9421 §2 makes it. */
export type Component = readonly [name: string, value: string];

/** Write the digest of a body (RFC 9530). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

/** The parameters of a signature (§2.3), and the signature base (§2.5). */
export function base(
  components: readonly Component[],
  created: number,
  keyid: string,
): { params: string; signed: string } {
  const names = components.map(([name]) => `"${name}"`).join(" ");
  const params = `(${names});created=${created};keyid="${keyid}"`;
  const lines = components.map(([name, value]) => `"${name}": ${value}`);
  return { params, signed: [...lines, `"@signature-params": ${params}`].join("\n") };
}

/** Sign components under a label: the values of the two header fields. */
export function sign(
  label: string,
  components: readonly Component[],
  created: number,
  keyid: string,
  key: ed25519.SigningKey,
): { input: string; signature: string } {
  const { params, signed } = base(components, created, keyid);
  const signature = Buffer.from(ed25519.sign(key, Buffer.from(signed, "latin1"))).toString("base64");
  return { input: `${label}=${params}`, signature: `${label}=:${signature}:` };
}

/**
 * Sign a body as Standard Webhooks does with an asymmetric key (v1a): the three header fields. The id is made from the body, so that a
 * repetition has the same. The signed bytes begin with the id, as no other bytes that the key signs.
 */
export function standard(body: Uint8Array, created: number, key: ed25519.SigningKey): Readonly<Record<string, string>> {
  const id = `msg_${createHash("sha256").update(body).digest("base64url").slice(0, 32)}`;
  const signed = Buffer.concat([Buffer.from(`${id}.${created}.`), body]);
  const signature = Buffer.from(ed25519.sign(key, signed)).toString("base64");
  return { "webhook-id": id, "webhook-timestamp": String(created), "webhook-signature": `v1a,${signature}` };
}
