/** Check a stored report offline: nothing is needed but its bytes and the device's public key. */
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import { equal, fromHex, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { Malformed, open, verify } from "../wire/sign1.ts";
import { contentsOf } from "./archive_file.ts";

export interface Verified {
  readonly device: string;
  readonly hash: string;
  readonly audience: string;
  readonly counter: number;
  readonly prev: string;
  readonly data: string;
}

/** Read a public key: 64 hexadecimal digits, or a file that holds them or a PEM. */
export function readKey(text: string): Uint8Array {
  const content = (existsSync(text) ? readFileSync(text, "utf-8") : text).trim();
  const direct = fromHex(content);
  if (direct?.length === ed25519.KEY_BYTES) return direct;
  if (content.startsWith("-----BEGIN PUBLIC KEY-----")) {
    const key = createPublicKey(content);
    const spki = key.export({ format: "der", type: "spki" });
    if (key.asymmetricKeyType === "ed25519") return Uint8Array.from(spki.subarray(spki.length - ed25519.KEY_BYTES));
  }
  throw new Trouble(
    "this is not an Ed25519 public key",
    "give 64 hexadecimal digits, or a file with them or with a PEM",
  );
}

/** Find the messages in a file: one in binary or hexadecimal, an exported row, or an export with a row a line. */
export function readMessages(content: Uint8Array): Uint8Array[] {
  if (content[0] === 0xd2) return [content];
  const text = Buffer.from(content).toString("utf-8").trim();
  const lines = text.startsWith("{") ? text.split("\n").filter((line) => line !== "") : [text.replace(/\s/g, "")];
  return lines.map((line, i) => {
    const found = fromHex(line.startsWith("{") ? messageOf(line) : line);
    if (found === undefined || found.length === 0) {
      throw new Trouble(
        `line ${i + 1} contains no report`,
        "give a COSE message, its hexadecimal, or rows of an export",
      );
    }
    return found;
  });
}

function messageOf(line: string): string {
  try {
    const { message } = JSON.parse(line) as { message?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/** Verify one stored report. Throws Trouble, by name, if anything about it is not right. */
export function verifyReport(bytes: Uint8Array, publicKey: Uint8Array): Verified {
  try {
    const message = open(bytes);
    if (!equal(message.kid, id(publicKey))) {
      throw new Trouble("unknown-device: the report is of another key", `its device is ${hex(message.kid)}`);
    }
    const key = ed25519.importKey(publicKey);
    if (key === undefined || !verify(message, key)) {
      throw new Trouble(
        "bad-signature: the signature of the report does not verify with this key",
        "it was altered, or another key signed it",
      );
    }
    const { audience, counter, prev, data } = messages.readStoredReport(message);
    return { device: hex(message.kid), hash: hex(hash(bytes)), audience, counter, prev: hex(prev), data: hex(data) };
  } catch (error) {
    if (error instanceof Malformed) throw new Trouble(error.message, "this is not a valid report");
    throw error;
  }
}

/** Verify an archive by the server's public key. Return the text to print. Throws Trouble. */
export function verifyArchive(path: string, keyText: string): string {
  const key = readKey(keyText);
  const { before, reports, sections } = contentsOf(path, (signer) => equal(signer, key));
  const lines = sections.map(({ device, from, to, isErased }) => {
    const range = `reports ${from.count + 1} to ${to.count}, after counter ${from.counter} up to ${to.counter}`;
    return `${isErased ? "erased" : "verified"}: device ${hex(device)} ${range}\n`;
  });
  const date = new Date(before).toISOString();
  return `${lines.join("")}verified: archive before ${date}, ${reports} reports of ${sections.length} devices\n`;
}

/** Verify every report of a file. Each must be the successor of the one before. Return their contents. */
export function verifyFile(path: string, keyText: string): Verified[] {
  const key = readKey(keyText);
  const found = readMessages(readFileSync(path)).map((bytes) => verifyReport(bytes, key));
  for (let i = 1; i < found.length; i++) {
    if (found[i]!.prev !== found[i - 1]!.hash || found[i]!.counter <= found[i - 1]!.counter) {
      throw new Trouble(
        `report ${found[i]!.counter} does not follow ${found[i - 1]!.counter}`,
        "a report between them is missing",
      );
    }
  }
  return found;
}
