/**
 * The firmware's expected verdict on each of Wycheproof's cases: one function a file, true if the case is as it must be.
 */
import { createHash } from "node:crypto";
import { Status } from "../../assembly/lib/status.ts";
import type { Lab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";
import { type Case, type File, bytes } from "./wycheproof.ts";

const NOTHING = Buffer.alloc(0);

type Verdict = (lab: Lab, test: Case) => Promise<boolean>;

async function ed25519(lab: Lab, test: Case): Promise<boolean> {
  const key = bytes(test.group["publicKey"] as Record<string, unknown>, "pk");
  const signature = bytes(test, "sig");
  // The device's formats have room for 64 bytes and no other number; the lab refuses by form what they could not hold.
  const { result } = await lab.run(Op.Ed25519Verify, signature, key, NOTHING, bytes(test, "msg"));
  if (signature.length !== 64) return test.result === "invalid" && result === Status.Malformed;
  return result === (test.result === "valid" ? Status.Ok : Status.Forged);
}

async function x25519(lab: Lab, test: Case): Promise<boolean> {
  const shared = bytes(test, "shared");
  const answer = await lab.run(Op.X25519, bytes(test, "private"), bytes(test, "public"));
  // "Acceptable" are points of small order, which must be refused, and points whose encoding RFC 7748 wants reduced.
  return shared.every((byte) => byte === 0) ? answer.result === Status.Forged : answer.bytes.equals(shared);
}

async function chacha20Poly1305(lab: Lab, test: Case): Promise<boolean> {
  const [key, nonce, ad] = [bytes(test, "key"), bytes(test, "iv"), bytes(test, "aad")];
  const [text, sealed, tag] = [bytes(test, "msg"), bytes(test, "ct"), bytes(test, "tag")];
  const opened = await lab.run(Op.Open, key, nonce, ad, sealed, tag);
  if (nonce.length !== 12) return test.result === "invalid" && opened.result === Status.Malformed;
  if (test.result === "invalid") return opened.result === Status.Forged;
  const answer = await lab.run(Op.Seal, key, nonce, ad, text);
  return opened.bytes.equals(text) && answer.bytes.equals(Buffer.concat([sealed, tag]));
}

function hmac(op: Op): Verdict {
  return async (lab, test) => {
    const tag = bytes(test, "tag");
    const answer = await lab.run(op, bytes(test, "key"), bytes(test, "msg"));
    return answer.bytes.subarray(0, tag.length).equals(tag) === (test.result === "valid");
  };
}

function hkdf(op: Op): Verdict {
  return async (lab, test) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(test["size"] as number);
    const answer = await lab.run(op, bytes(test, "ikm"), bytes(test, "salt"), bytes(test, "info"), size);
    return test.result === "valid" ? answer.bytes.equals(bytes(test, "okm")) : answer.result === Status.TooLong;
  };
}

/** The verdict on a signature as r ‖ s of the case's message. */
async function verify256(lab: Lab, test: Case, signature: Buffer): Promise<number> {
  const key = bytes(test.group["publicKey"] as Record<string, unknown>, "uncompressed");
  const digest = createHash("sha256").update(bytes(test, "msg")).digest();
  return (await lab.run(Op.Ecdsa256Verify, signature, key, digest)).result;
}

async function ecdsa256P1363(lab: Lab, test: Case): Promise<boolean> {
  const signature = bytes(test, "sig");
  const result = await verify256(lab, test, signature);
  if (signature.length !== 64) return test.result === "invalid" && result === Status.Malformed;
  return result === (test.result === "valid" ? Status.Ok : Status.Forged);
}

async function ecdsa256(lab: Lab, test: Case): Promise<boolean> {
  const raw = await lab.run(Op.EcdsaFromDer, Buffer.from([0, 32]), bytes(test, "sig"));
  if (raw.result !== 64) return test.result === "invalid" && raw.result === Status.Malformed;
  return (await verify256(lab, test, raw.bytes)) === (test.result === "valid" ? Status.Ok : Status.Forged);
}

async function ecdsa384(lab: Lab, test: Case): Promise<boolean> {
  const raw = await lab.run(Op.EcdsaFromDer, Buffer.from([0, 48]), bytes(test, "sig"));
  if (raw.result !== 96) return test.result === "invalid" && raw.result === Status.Malformed;
  const key = bytes(test.group["publicKey"] as Record<string, unknown>, "uncompressed");
  const digest = createHash("sha384").update(bytes(test, "msg")).digest();
  const { result } = await lab.run(Op.Ecdsa384Verify, raw.bytes, key, digest);
  return result === (test.result === "valid" ? Status.Ok : Status.Forged);
}

async function ecdh256(lab: Lab, test: Case): Promise<boolean> {
  const secret = Buffer.from(
    BigInt(`0x${test["private"] as string}`)
      .toString(16)
      .padStart(64, "0"),
    "hex",
  );
  const key = bytes(test, "public");
  const answer = await lab.run(Op.Ecdh256, secret, key);
  // "Acceptable" are compressed points, which TLS 1.3 does not have.
  if (test.result !== "valid") return answer.result === (key.length === 65 ? Status.Forged : Status.Malformed);
  return answer.bytes.equals(bytes(test, "shared"));
}

function rsa(op: Op, hash: string): Verdict {
  return async (lab, test) => {
    const key = (test.group["publicKey"] ?? test.group["privateKey"]) as Record<string, unknown>;
    const exponent = key["publicExponent"];
    if (exponent !== "010001") return true;
    const modulus = bytes(key, "modulus").subarray(1);
    const digest = createHash(hash).update(bytes(test, "msg")).digest();
    const signature = bytes(test, "sig");
    const { result } = await lab.run(op, signature, modulus, digest);
    // A board whose scratch memory is too small for the modulus says so.
    if (result === Status.TooLong && lab.name !== "wasm") return modulus.length === 512;
    if (signature.length !== modulus.length) return test.result !== "valid" && result === Status.Malformed;
    // "Acceptable" is an algorithm without its NULL, which RFC 8017 does not allow to make.
    return result === (test.result === "valid" ? Status.Ok : Status.Forged);
  };
}

async function aesGcm(lab: Lab, test: Case): Promise<boolean> {
  const [key, nonce, ad] = [bytes(test, "key"), bytes(test, "iv"), bytes(test, "aad")];
  const [text, sealed, tag] = [bytes(test, "msg"), bytes(test, "ct"), bytes(test, "tag")];
  const opened = await lab.run(Op.AesOpen, key, nonce, ad, sealed, tag);
  // TLS 1.3 has no other nonces and, of AES-128, no other keys.
  if (key.length !== 16 || nonce.length !== 12) return opened.result === Status.Malformed;
  if (test.result === "invalid") return opened.result === Status.Forged;
  const answer = await lab.run(Op.AesSeal, key, nonce, ad, text);
  return opened.bytes.equals(text) && answer.bytes.equals(Buffer.concat([sealed, tag]));
}

export const VERDICTS: Readonly<Record<File, Verdict>> = {
  aes_gcm: aesGcm,
  ecdh_secp256r1_ecpoint: ecdh256,
  rsa_pss_2048_sha256_mgf1_32: rsa(Op.PssVerify, "sha256"),
  rsa_pss_3072_sha256_mgf1_32: rsa(Op.PssVerify, "sha256"),
  rsa_pss_4096_sha256_mgf1_32: rsa(Op.PssVerify, "sha256"),
  rsa_signature_2048_sha256: rsa(Op.Pkcs1Verify, "sha256"),
  rsa_signature_3072_sha256: rsa(Op.Pkcs1Verify, "sha256"),
  rsa_signature_4096_sha256: rsa(Op.Pkcs1Verify, "sha256"),
  rsa_signature_4096_sha384: rsa(Op.Pkcs1Verify, "sha384"),
  ecdsa_secp384r1_sha384: ecdsa384,
  ecdsa_secp256r1_sha256: ecdsa256,
  ecdsa_secp256r1_sha256_p1363: ecdsa256P1363,
  ed25519,
  x25519,
  chacha20_poly1305: chacha20Poly1305,
  hmac_sha256: hmac(Op.Hmac256),
  hmac_sha512: hmac(Op.Hmac512),
  hkdf_sha256: hkdf(Op.Hkdf256),
  hkdf_sha512: hkdf(Op.Hkdf512),
};
