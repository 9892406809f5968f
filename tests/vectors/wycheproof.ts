/**
 * Project Wycheproof's vectors (C2SP/wycheproof, Apache-2.0): from the folder WYCHEPROOF_DIR, or else fetched once, from a pinned
 * commit, into a cache. Either way a file counts only if its SHA-256 is the one below.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const COMMIT = "dac1dd4729fd1f8dd9e1e9f3dce51d783da6c166";
const SOURCE = `https://raw.githubusercontent.com/C2SP/wycheproof/${COMMIT}/testvectors_v1`;

// prettier-ignore
const SHA256 = {
  chacha20_poly1305: "fe61d25f90e1bde4461d00eafe61049e5f29bd999f36b766df9cda90906ad53d",
  ecdsa_secp256r1_sha256: "182db4f3e230f6f9fa9f800d2a614dede30284b8e8438bbfe1171905402e9332",
  ecdsa_secp256r1_sha256_p1363: "c60de693930e386c3a5472d08081623ef8504decc54b38ac01ec6b2a2575c986",
  ed25519:           "752d2ea7d7c6cf4736381b6cbacb61f8182b126ab7cd9b058f00c50084975536",
  hkdf_sha256:       "bb2b462a38b251cb52a2aede706d6d4b62b26864f4e80c95497507ddb07c5f1e",
  hkdf_sha512:       "bb9a21f4e86041caf5d7792b030349f8ff289087f195b2fbc0fc0afc39deca6f",
  hmac_sha256:       "2d201cfa61d1bf95e6f5d07d96634b4a348b31e8eaa277ad7c8d09677b7a743f",
  hmac_sha512:       "b6c90477bdb4a6fc8ee3d1f7b2c0b69a8dfffab34718abaa6cabd71cc2ba1207",
  x25519:            "35c3f5231cf25cc640b524d403461deee9e49441d5d915a3a25b2c8ff5adbe7d",
} as const;

export type File = keyof typeof SHA256;

/** One case: its own fields and those of its group, hexadecimal where they are bytes. */
export interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  readonly group: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The bytes of a hexadecimal field. */
export function bytes(from: Readonly<Record<string, unknown>>, field: string): Buffer {
  const value = from[field];
  if (typeof value !== "string") throw new Error(`no field "${field}"`);
  return Buffer.from(value, "hex");
}

function checked(text: Buffer, file: File, where: string): Buffer {
  const sum = createHash("sha256").update(text).digest("hex");
  if (sum !== SHA256[file]) throw new Error(`${where} is not the pinned ${file}_test.json: its SHA-256 is ${sum}`);
  return text;
}

async function read(file: File): Promise<Buffer> {
  const name = `${file}_test.json`;
  const given = process.env["WYCHEPROOF_DIR"];
  if (given) return checked(readFileSync(join(given, name)), file, join(given, name));
  const cache = join(
    process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
    "signet",
    `wycheproof-${COMMIT.slice(0, 7)}`,
  );
  const cached = join(cache, name);
  if (existsSync(cached)) return checked(readFileSync(cached), file, cached);
  const url = `${SOURCE}/${name}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const text = checked(Buffer.from(await response.arrayBuffer()), file, url);
  mkdirSync(cache, { recursive: true });
  const fresh = `${cached}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, cached);
  return text;
}

interface Document {
  readonly numberOfTests: number;
  readonly testGroups: readonly { readonly tests: readonly Case[]; readonly [field: string]: unknown }[];
}

/** All cases of a file, or why they can not be had. A file that is there but is not the pinned one is an error. */
export async function cases(file: File): Promise<Case[] | string> {
  let text: Buffer;
  try {
    text = await read(file);
  } catch (error) {
    if (error instanceof Error && /is not the pinned/.test(error.message)) throw error;
    const cause =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    return `Wycheproof's ${file}_test.json can not be had (${cause}); set WYCHEPROOF_DIR`;
  }
  const { numberOfTests, testGroups } = JSON.parse(text.toString("utf8")) as Document;
  const all = testGroups.flatMap(({ tests, ...group }) => tests.map((test) => ({ ...test, group })));
  if (all.length !== numberOfTests) throw new Error(`${file}: ${all.length} cases, not ${numberOfTests}`);
  return all;
}
