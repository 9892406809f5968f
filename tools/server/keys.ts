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

function make(path: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  // wx: two instances that start at once must end up with one key.
  writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flag: "wx" });
  chmodSync(path, 0o600);
}

function read(path: string): KeyObject {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) throw new Trouble(`${path} can be read by others`, `chmod 600 ${path}`);
  try {
    return createPrivateKey(readFileSync(path, "utf-8"));
  } catch {
    throw new Trouble(
      `${path} contains no private key`,
      "restore it from a backup: devices trust the key that was in it",
    );
  }
}

/** Read an Ed25519 key, making it at the first start. */
export function readOrMake(path: string): KeyObject {
  if (!existsSync(path)) {
    try {
      make(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT")
        throw new Trouble(`the folder of ${path} is not there`, "make it, or choose another --key");
      if (code !== "EEXIST") throw error;
    }
  }
  const object = read(path);
  if (object.asymmetricKeyType !== "ed25519")
    throw new Trouble(`${path} is not an Ed25519 key`, "choose another --key");
  return object;
}

/** Read the server's key, making it at the first start. */
export function load(path: string): ServerKeys {
  const object = readOrMake(path);
  const signing = ed25519.fromObject(object);
  return {
    signing,
    id: id(signing.publicKey),
    nonce: derive(object, "nonce"),
    seal: derive(object, "seal"),
    session: derive(object, "session"),
    order: derive(object, "order"),
  };
}
