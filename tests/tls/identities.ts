/** Ed25519 identities of servers and devices, their certificates, and how the tests name them. */
import "reflect-metadata";
import { createHash, createPrivateKey, createPublicKey, KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { fixedBytes } from "./client.ts";

x509.cryptoProvider.set(webcrypto as never);

const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key pair in the forms that the peers take. */
export interface Identity {
  seed: Uint8Array;
  /** The public key's 32 bytes. */
  key: Buffer;
  /** PKCS #8 in PEM. */
  pem: string;
  keys: webcrypto.CryptoKeyPair;
}

/** The identity that belongs to a name: the same at each run. */
export async function identity(name: string): Promise<Identity> {
  const seed = fixedBytes(`identity ${name}`, 32);
  const pkcs8 = Buffer.concat([PKCS8_HEAD, seed]);
  const secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", spki, "Ed25519", true, ["verify"]),
  };
  return {
    seed,
    key: spki.subarray(12),
    pem: secret.export({ format: "pem", type: "pkcs8" }) as string,
    keys,
  };
}

/** A key of a kind that webcrypto makes, another at each run. Its `key` is its pin: the SHA-256 of its SubjectPublicKeyInfo. */
async function made(algorithm: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const pem = KeyObject.from(keys.privateKey).export({ format: "pem", type: "pkcs8" }) as string;
  return { seed: new Uint8Array(0), key: createHash("sha256").update(spki).digest(), pem, keys };
}

export const p256Identity = (): Promise<Identity> => made({ name: "ECDSA", namedCurve: "P-256" });
export const p384Identity = (): Promise<Identity> => made({ name: "ECDSA", namedCurve: "P-384" });

/** An RSA key; its certificates are signed by PKCS#1. */
export const rsaIdentity = (modulusLength = 2048): Promise<Identity> =>
  made({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength, publicExponent: new Uint8Array([1, 0, 1]) });

/** Contents of a certificate; by default a leaf for "localhost" in its own name. */
export interface Wish {
  subject: Identity;
  name?: string;
  issuer?: Identity;
  issuerName?: string;
  /** The hash of the signature; SHA-256 if missing. */
  hash?: "SHA-256" | "SHA-384" | "SHA-512";
  notBefore?: Date;
  notAfter?: Date;
  extensions?: x509.Extension[];
}

/** Extensions of a server's leaf for `host`, a name or an address. */
export function leafExtensions(host = "localhost", type: "dns" | "ip" = "dns"): x509.Extension[] {
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.SubjectAlternativeNameExtension([{ type, value: host }]),
  ];
}

/** Extensions of a certificate authority. */
export function caExtensions(pathLength?: number): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ];
}

/** An RSA key for signatures with another hash: webcrypto binds a key to one. */
async function rehashed(key: webcrypto.CryptoKey, hash: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", key);
  return webcrypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash }, true, ["sign"]);
}

/** Make a certificate. */
export async function certify(wish: Wish): Promise<x509.X509Certificate> {
  const name = wish.name ?? "CN=localhost";
  const signer = (wish.issuer ?? wish.subject).keys.privateKey;
  const hash = wish.hash ?? "SHA-256";
  return x509.X509CertificateGenerator.create({
    serialNumber: "01",
    subject: name,
    issuer: wish.issuerName ?? name,
    notBefore: wish.notBefore ?? new Date("2020-01-01"),
    notAfter: wish.notAfter ?? new Date("2060-01-01"),
    publicKey: wish.subject.keys.publicKey as never,
    signingKey: (signer.algorithm.name === "RSASSA-PKCS1-v1_5" ? await rehashed(signer, hash) : signer) as never,
    signingAlgorithm: { name: signer.algorithm.name, hash } as never,
    extensions: wish.extensions ?? leafExtensions(),
  });
}
