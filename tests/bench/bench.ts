/**
 * Measure each operation on the real ELF in QEMU, one instruction a nanosecond, beside other libraries that were built with
 * the same compiler and run in the same way.
 */
import { constants, createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { p256, p384 } from "@noble/curves/nist.js";
import { Status } from "../../assembly/lib/status.ts";
import { boardNames, KiB, loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import type { Answer, Lab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";
import { countedLab } from "./counted.ts";
import { buildPeer, PEERS } from "./peers.ts";
import { benchOrdinary, benchTls } from "./tls.ts";
import LAB from "../lab/image.ts";

export interface Count {
  readonly instructions: number;
  readonly cycles: number;
}

export interface Figures {
  readonly instructions: number;
  /** Instructions, words moved, and two for each branch taken. */
  readonly cycles: number;
  /** Bytes of all cryptography on the board, code and tables: the operations share most of it; for TLS with the client's own. */
  readonly flash: number;
  readonly stack: number;
  /** For TLS: bytes of its linear memory and of stack. */
  readonly ram?: number;
  /** The same of each peer that has the operation. */
  readonly peers: Record<string, Count>;
}

export type Report = Record<string, Record<string, Figures>>;

const NOTHING = Buffer.alloc(0);
const seed = Buffer.alloc(32, 0x5a);
const nonce = Buffer.alloc(12, 0x24);
const message = Buffer.alloc(64, 0x61);
const kib = Buffer.alloc(1024, 0x62);
const digest = createHash("sha256").update(message).digest();
const p256Key = p256.getPublicKey(seed, false);
const p256Signature = p256.sign(digest, seed, { prehash: false });
const digest384 = createHash("sha384").update(message).digest();
const p384Key = p384.getPublicKey(Buffer.alloc(48, 0x5a), false);
const p384Signature = p384.sign(digest384, Buffer.alloc(48, 0x5a), { prehash: false });
const RSA = [2048, 3072, 4096].map((bits) => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return {
    bits,
    modulus: Buffer.from(publicKey.export({ format: "jwk" }).n!, "base64url"),
    signature: sign("sha256", message, { key: privateKey, ...padding }),
  };
});
const basePoint = Buffer.concat([Buffer.from([9]), Buffer.alloc(31)]);

export interface Operation {
  readonly name: string;
  /** Run it; all who have it must answer alike. */
  readonly run: (lab: Lab, known: Known) => Promise<Answer>;
  /** True if its scratch memory does not fit a part of less than 64 KiB of RAM beside the lab's buffer. */
  readonly isLarge?: boolean;
}

/** The key pair and signature that verification needs: from the first who can make them. */
export interface Known {
  key: Uint8Array;
  signature: Uint8Array;
}

export const OPERATIONS: readonly Operation[] = [
  { name: "ed25519.keygen", run: (lab) => lab.run(Op.Ed25519PublicKey, seed) },
  { name: "ed25519.sign", run: (lab, { key }) => lab.run(Op.Ed25519Sign, seed, key, NOTHING, NOTHING, message) },
  {
    name: "ed25519.verify",
    run: (lab, { key, signature }) => lab.run(Op.Ed25519Verify, signature, key, NOTHING, message),
  },
  { name: "x25519", run: (lab) => lab.run(Op.X25519, seed, basePoint) },
  { name: "ecdsa256.verify", run: (lab) => lab.run(Op.Ecdsa256Verify, p256Signature, p256Key, digest) },
  { name: "p256.keygen", run: (lab) => lab.run(Op.P256PublicKey, seed) },
  { name: "ecdsa256.sign", run: (lab) => lab.run(Op.Ecdsa256Sign, seed, digest, kib.subarray(0, 32)) },
  { name: "ecdh256", run: (lab) => lab.run(Op.Ecdh256, seed, p256Key) },
  { name: "ecdsa384.verify", run: (lab) => lab.run(Op.Ecdsa384Verify, p384Signature, p384Key, digest384) },
  ...RSA.map(({ bits, modulus, signature }) => ({
    name: `rsa${bits}.verify`,
    isLarge: bits === 4096,
    run: (lab: Lab) => lab.run(Op.PssVerify, signature, modulus, digest),
  })),
  { name: "sha256.kib", run: (lab) => lab.run(Op.Sha256, kib) },
  { name: "sha512.kib", run: (lab) => lab.run(Op.Sha512, kib) },
  { name: "aes128gcm.kib", run: (lab) => lab.run(Op.AesSeal, seed.subarray(16), nonce, NOTHING, kib) },
  { name: "aead.kib", run: (lab) => lab.run(Op.Seal, seed, nonce, NOTHING, kib) },
];

/** Run every operation that a lab has. */
export async function measureAll(lab: Lab, known: Known, isRoomy: boolean): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const { name, run, isLarge = false } of OPERATIONS) {
    if (isLarge && !isRoomy) continue;
    const answer = await run(lab, known);
    // Not on this lab: the request cannot be answered.
    if (answer.result === Status.Unexpected) continue;
    if (answer.result < 0) throw new Error(`${lab.name}: ${name} answered ${answer.result}`);
    if (name === "ed25519.keygen") known.key = answer.bytes;
    if (name === "ed25519.sign") known.signature = answer.bytes;
    answers.set(name, answer);
  }
  return answers;
}

async function withLab<T>(board: string, elf: string, work: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await countedLab(board, elf);
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

/** Run every operation of ours on a board. */
export async function measure(board: string): Promise<Map<string, Answer>> {
  const known: Known = { key: randomBytes(32), signature: randomBytes(64) };
  const isRoomy = (await loadBoard(board)).ram.bytes >= 64 * KiB;
  const { elf } = await buildImage({ board, image: LAB });
  return withLab(board, elf, (lab) => measureAll(lab, known, isRoomy));
}

/** Measure one board. */
async function benchBoard(board: string): Promise<Record<string, Figures>> {
  const known: Known = { key: randomBytes(32), signature: randomBytes(64) };
  const isRoomy = (await loadBoard(board)).ram.bytes >= 64 * KiB;
  const built = await buildImage({ board, image: LAB });
  const ours = await withLab(board, built.elf, (lab) => measureAll(lab, known, isRoomy));
  const peers = new Map<string, Map<string, Answer>>();
  for (const peer of PEERS) {
    const elf = await buildPeer(peer, board);
    peers.set(peer.name, await withLab(board, elf, (lab) => measureAll(lab, { ...known }, isRoomy)));
  }
  const figures: Record<string, Figures> = {};
  for (const [name, answer] of ours) {
    const counts: Record<string, Count> = {};
    for (const [peer, answers] of peers) {
      const theirs = answers.get(name);
      if (!theirs) continue;
      if (!theirs.bytes.equals(answer.bytes)) throw new Error(`${peer} does not agree with us on ${name}`);
      counts[peer] = { instructions: theirs.instructions, cycles: theirs.cycles };
    }
    figures[name] = {
      instructions: answer.instructions,
      cycles: answer.cycles,
      flash: built.size.parts["crypto"] ?? 0,
      stack: answer.stack,
      peers: counts,
    };
  }
  const tls = { ...(await benchTls(board)), ...(isRoomy && (await benchOrdinary(board))) };
  for (const [name, { instructions, cycles, stack, flash, ram }] of Object.entries(tls))
    figures[name] = { instructions, cycles, flash, stack, ram, peers: {} };
  return figures;
}

/** The boards that QEMU runs. */
async function emulated(): Promise<string[]> {
  const names: string[] = [];
  for (const name of boardNames()) {
    const { qemu } = await loadBoard(name);
    if (qemu && !qemu.lacks) names.push(name);
  }
  return names;
}

/** Measure the boards given, or all that can run here. */
export async function bench(boards?: readonly string[]): Promise<Report> {
  const report: Report = {};
  for (const board of boards ?? (await emulated())) report[board] = await benchBoard(board);
  return report;
}

/** A figure in thousands, or nothing. */
function thousands(value: number | undefined): string {
  return value === undefined ? "" : (value / 1000).toFixed(1);
}

/** One peer's figure and how many times ours it is. */
function against(theirs: number | undefined, ours: number): string {
  return theirs === undefined ? "" : `${thousands(theirs)} (${(theirs / ours).toFixed(2)}x)`;
}

/** The report as text: thousands of instructions and of cycles; of each peer the cycles, and how many times ours they are. */
export function asTable(report: Report): string {
  const lines: string[] = [];
  for (const [board, operations] of Object.entries(report)) {
    lines.push(`${board}, in thousands`);
    const rows = [["", "instructions", "cycles", "stack", ...PEERS.map((peer) => peer.name)]];
    for (const [name, { instructions, cycles, stack, peers }] of Object.entries(operations)) {
      rows.push([
        name,
        thousands(instructions),
        thousands(cycles),
        String(stack),
        ...PEERS.map((peer) => against(peers[peer.name]?.cycles, cycles)),
      ]);
    }
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    for (const row of rows)
      lines.push(
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}`,
      );
    const { flash, ram } = operations["tls.handshake"] ?? {};
    if (ram !== undefined) lines.push(`  the TLS client with its cryptography: ${flash} bytes of flash, ${ram} of RAM`);
  }
  return `${lines.join("\n")}\n`;
}
