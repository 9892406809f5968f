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
  aes_gcm: "985e5ecc172e181eaf49e89508b9470dcf478002eb7e8559c707eb42dc97dfe7",
  ecdh_secp256r1_ecpoint: "648f16d077caf2400d02331ca51f44744c72c799830c8d0595d0b18b6dd9f886",
  rsa_pss_2048_sha256_mgf1_32: "7f6efafc160f4816b96cbf1c12188a31051d7e3f001e27505d9edb5f2a0e325c",
  rsa_pss_3072_sha256_mgf1_32: "cca48433e6d1accb57f65b3396c4f4dd93c776467101c3f0948e74c283fd4749",
  rsa_pss_4096_sha256_mgf1_32: "e627cbf5139a01e0a446c4fe15911f6268224fdd3ef4a1eb714b3942b5686410",
  rsa_signature_2048_sha256: "94a917b01ff50fb874cfc05bf29b4af44868d944a6558201cf18380da93fb393",
  rsa_signature_3072_sha256: "0f5f18cabfaad3e2792e82f7e9882f8999049b456714de924b8a5e202f61ca43",
  rsa_signature_4096_sha256: "957aca128e30bd02c8982f8ca482d6521d16683f4bbc3f193cdfd4c8f04bc667",
  rsa_signature_4096_sha384: "bc26f16b9fc9a90628864d3d1111ef48a4bd00b9d4870bfab88ff326e309e073",
  ecdsa_secp256r1_sha256: "182db4f3e230f6f9fa9f800d2a614dede30284b8e8438bbfe1171905402e9332",
  ecdsa_secp256r1_sha256_p1363: "c60de693930e386c3a5472d08081623ef8504decc54b38ac01ec6b2a2575c986",
  ecdsa_secp384r1_sha384: "8a5b3ae1760975143414811f13588c24d951d9d8c904195087ba327591dfe9cc",
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

/** All cases of a file, or why they cannot be had. A file that is there but is not the pinned one is an error. */
export async function cases(file: File): Promise<Case[] | string> {
  let text: Buffer;
  try {
    text = await read(file);
  } catch (error) {
    if (error instanceof Error && /is not the pinned/.test(error.message)) throw error;
    const cause =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    return `Wycheproof's ${file}_test.json cannot be had (${cause}); set WYCHEPROOF_DIR`;
  }
  const { numberOfTests, testGroups } = JSON.parse(text.toString("utf8")) as Document;
  const all = testGroups.flatMap(({ tests, ...group }) => tests.map((test) => ({ ...test, group })));
  if (all.length !== numberOfTests) throw new Error(`${file}: ${all.length} cases, not ${numberOfTests}`);
  return all;
}
