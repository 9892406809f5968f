import { createPrivateKey, generateKeyPairSync, hkdfSync, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { id } from "../wire/key.ts";

/** The secrets of a server, outside its database. Instances with one database share them. */
export interface ServerKeys {
  readonly signing: ed25519.SigningKey;
  readonly id: Uint8Array;
  /** Under which nonces are made. */
  readonly nonce: Uint8Array;
  /** Under which rows are sealed. */
  readonly seal: Uint8Array;
  /** Under which sessions are made. */
  readonly session: Uint8Array;
  /** Under which orders to rotate a key are made. */
  readonly order: Uint8Array;
}

function derive(object: KeyObject, purpose: string): Uint8Array {
  const der = object.export({ format: "der", type: "pkcs8" });
  return new Uint8Array(hkdfSync("sha256", der, new Uint8Array(0), `signet server ${purpose}`, 32));
}

/** The file of the secret from which seals, nonces, sessions and orders get their keys. A server of before 2026-12 derived them from its signing key. */
export const sealFile = (path: string): string => `${path}.seal`;
/** The file of the key that will sign next. The server does not need it: it can be kept elsewhere. */
export const nextFile = (path: string): string => `${path}.next`;

/** Make an Ed25519 key in a file, if the file is not there. */
export function make(path: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  write(path, privateKey.export({ format: "pem", type: "pkcs8" }) as string);
}

/** Write a file for its owner only, if it is not there: two instances that start at once must end up with one key. */
export function write(path: string, content: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
    chmodSync(path, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new Trouble(`the folder of ${path} does not exist`, "make it, or choose another --key");
    if (code !== "EEXIST") throw error;
  }
}

function read(path: string): KeyObject {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) throw new Trouble(`${path} can be read by others`, `chmod 600 ${path}`);
  try {
    return createPrivateKey(readFileSync(path, "utf-8"));
  } catch {
    throw new Trouble(`${path} contains no private key`, "restore it from a backup: the devices trust its former key");
  }
}

/** Read an Ed25519 key, making it at the first start. */
export function readOrMake(path: string): KeyObject {
  if (!existsSync(path)) make(path);
  const object = read(path);
  if (object.asymmetricKeyType !== "ed25519")
    throw new Trouble(`${path} is not an Ed25519 key`, "choose another --key");
  return object;
}

/** Read the public key of a key file; undefined if the file is not there. */
export function publicOf(path: string): Uint8Array | undefined {
  return existsSync(path) ? signingOf(path).publicKey : undefined;
}

/** Read a signing key. */
export function signingOf(path: string): ed25519.SigningKey {
  return ed25519.fromObject(readOrMake(path));
}

/** Read the server's keys, making all of them at the first start. */
export function load(path: string): ServerKeys {
  // The signing key comes last: when it is there, the others are.
  if (!existsSync(path)) for (const file of [sealFile(path), nextFile(path), path]) make(file);
  const object = readOrMake(path);
  const root = existsSync(sealFile(path)) ? readOrMake(sealFile(path)) : object;
  const signing = ed25519.fromObject(object);
  return {
    signing,
    id: id(signing.publicKey),
    nonce: derive(root, "nonce"),
    seal: derive(root, "seal"),
    session: derive(root, "session"),
    order: derive(root, "order"),
  };
}
