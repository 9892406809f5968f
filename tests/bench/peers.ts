/**
 * The libraries that Signet is measured against, from the registries that this machine uses already: npm, and the source
 * packages beside Debian's binary ones. They are kept in `build/cache` and never committed.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadBoard } from "../../tools/firmware/board.ts";
import { digest, exclusively, filesBelow, isFresh } from "../../tools/firmware/cache.ts";
import { makeFirmware, ownUnit, type Unit } from "../../tools/firmware/firmware.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import { Trouble } from "../../tools/trouble.ts";

const CACHE = join(ROOT, "build", "cache");

export interface Peer {
  readonly name: string;
  /** Fetch the sources into a folder, unless they are there; returns where they begin. */
  readonly fetch: () => Promise<string>;
  /** The sources of it that are wanted, below that folder. */
  readonly sources: readonly string[];
  readonly includes: readonly string[];
  /** Macros, and what its code needs the compiler to overlook. */
  readonly flags: readonly string[];
  /** Our adaptor, and what else of ours it needs. */
  readonly own: readonly string[];
}

/** Do `work` in a fresh folder that becomes `build/cache/NAME` only if it succeeds. */
async function once(name: string, work: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  return exclusively(`${folder}.lock`, async () => {
    if (existsSync(folder)) return folder;
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    await work(making);
    renameSync(making, folder);
    return folder;
  });
}

function checked(path: string, sha256: string): string {
  const found = createHash("sha256").update(readFileSync(path)).digest("hex");
  if (found !== sha256)
    throw new Trouble(`${path} is not the file that was pinned (sha256 ${found})`, "remove build/cache and try again");
  return path;
}

/** A pinned package of npm, unpacked. */
async function npm(name: string, version: string, sha256: string): Promise<string> {
  return once(`${name}-${version}`, async (folder) => {
    await run("npm", ["pack", `${name}@${version}`, "--silent", "--pack-destination", folder]);
    await run("tar", [
      "xzf",
      checked(join(folder, `${name}-${version}.tgz`), sha256),
      "-C",
      folder,
      "--strip-components=1",
    ]);
  });
}

/** Say to apt that we want the sources, too, of wherever it has its packages from; nothing of the system's own is changed. */
async function aptSources(): Promise<readonly string[]> {
  const folder = await once("apt", async (making) => {
    const parts = join(making, "parts");
    mkdirSync(join(making, "lists", "partial"), { recursive: true });
    mkdirSync(parts);
    const system = "/etc/apt/sources.list.d";
    for (const name of readdirSync(system).filter((file) => file.endsWith(".sources"))) {
      const text = readFileSync(join(system, name), "utf8");
      if (/debian/i.test(name)) writeFileSync(join(parts, name), text.replace(/^Types:.*$/gm, "Types: deb-src"));
    }
    const list = "/etc/apt/sources.list";
    const lines = existsSync(list) ? readFileSync(list, "utf8") : "";
    writeFileSync(join(parts, "main.list"), lines.replace(/^deb /gm, "deb-src "));
  });
  const options = ["SourceList=/dev/null", `SourceParts=${join(folder, "parts")}`].map(
    (option) => `Dir::Etc::${option}`,
  );
  return [...options, `Dir::State::Lists=${join(folder, "lists")}`].flatMap((option) => ["-o", option]);
}

/** A pinned source package of Debian, its upstream archive unpacked. */
async function debian(name: string, version: string, archive: string, sha256: string): Promise<string> {
  return once(`${name}-${version}`, async (folder) => {
    const options = await aptSources();
    await run("apt-get", [...options, "update"]);
    await run("apt-get", [...options, "source", "--download-only", `${name}=${version}`], folder);
    await run("tar", ["xf", checked(join(folder, archive), sha256), "-C", folder, "--strip-components=1"]);
  });
}

const ORLP: Peer = {
  name: "orlp",
  fetch: () => npm("ed25519-supercop", "2.0.1", "6c2681465d0a2a5189013dbb51a4cd927c1b5cbeded0267b0852b22ca7ed4732"),
  sources: ["fe", "ge", "keypair", "sc", "sha512", "sign", "verify"].map((file) => `vendor/ed25519/src/${file}.c`),
  includes: ["vendor/ed25519/src"],
  flags: [],
  own: ["orlp.c"],
};

const SODIUM_FOLDER = "src/libsodium";
const SODIUM: Peer = {
  name: "libsodium",
  fetch: () =>
    debian(
      "libsodium",
      "1.0.18-1+deb12u1",
      "libsodium_1.0.18.orig.tar.gz",
      "d59323c6b712a1519a5daf710b68f5e7fde57040845ffec53850911f10a5d4f4",
    ),
  sources: [
    "crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305.c",
    "crypto_core/ed25519/ref10/ed25519_ref10.c",
    "crypto_hash/sha256/cp/hash_sha256_cp.c",
    "crypto_hash/sha512/cp/hash_sha512_cp.c",
    "crypto_onetimeauth/poly1305/donna/poly1305_donna.c",
    "crypto_onetimeauth/poly1305/onetimeauth_poly1305.c",
    "crypto_scalarmult/curve25519/ref10/x25519_ref10.c",
    "crypto_scalarmult/curve25519/scalarmult_curve25519.c",
    "crypto_sign/ed25519/ref10/keypair.c",
    "crypto_sign/ed25519/ref10/open.c",
    "crypto_sign/ed25519/ref10/sign.c",
    "crypto_stream/chacha20/ref/chacha20_ref.c",
    "crypto_stream/chacha20/stream_chacha20.c",
    "crypto_verify/sodium/verify.c",
  ].map((file) => `${SODIUM_FOLDER}/${file}`),
  includes: [`${SODIUM_FOLDER}/include`, `${SODIUM_FOLDER}/include/sodium`],
  flags: ["-DCONFIGURED=1", "-DSODIUM_STATIC", "-DNATIVE_LITTLE_ENDIAN=1", "-Dalignas=_Alignas"],
  own: ["sodium.c", "sodium_host.c"],
};

const BEARSSL: Peer = {
  name: "bearssl",
  fetch: () =>
    debian(
      "bearssl",
      "0.6+dfsg.1-3",
      "bearssl_0.6+dfsg.1.orig.tar.xz",
      "102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004",
    ),
  sources: [
    "codec/ccopy",
    "codec/dec32be",
    "codec/dec32le",
    "codec/dec64be",
    "codec/enc32be",
    "codec/enc32le",
    "codec/enc64be",
    "ec/ec_c25519_m15",
    "ec/ec_c25519_m31",
    "hash/sha2big",
    "hash/sha2small",
    "symcipher/chacha20_ct",
    "symcipher/poly1305_ctmul",
    "symcipher/poly1305_ctmul32",
  ].map((file) => `src/${file}.c`),
  includes: ["src", "inc"],
  flags: [],
  own: ["bearssl.c"],
};

export const PEERS: readonly Peer[] = [ORLP, SODIUM, BEARSSL];

/** RAM that a peer's stack may use: its needs are not our board's budget. */
function stackFor(ramBytes: number): number {
  return Math.min(16 * 1024, ramBytes / 2);
}

/** Build the lab of a board with a peer in the guest's place; returns the ELF. */
export async function buildPeer(peer: Peer, boardName: string): Promise<string> {
  const from = await peer.fetch();
  const loaded = await loadBoard(boardName);
  const stack = stackFor(loaded.ram.bytes);
  const board = { ...loaded, use: {}, budget: { flash: loaded.flash.bytes, linear: 0, stack } };
  const folder = join(ROOT, "build", boardName, `peer-${peer.name}`);
  return exclusively(`${folder}.lock`, async () => {
    const ours = filesBelow("boards", "linker", "tools/firmware", "tests/bench");
    const wanted = digest([from, peer.name], ours);
    const elf = join(folder, "signet.elf");
    if (isFresh(join(folder, "stamp"), wanted) && existsSync(elf)) return elf;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "events.h"), '#define EVENT_NAMES ""\n');
    writeFileSync(join(folder, "layout.h"), "#define LINEAR_BYTES 8u\n");
    const includes = [...peer.includes.map((path) => `-I${join(from, path)}`), "-Itests/bench/peer"];
    const theirs = (source: string): Unit => ({ source, flags: ["-O2", "-w", ...peer.flags, ...includes] });
    await makeFirmware(board, boardName, folder, 0, [
      ...peer.sources.map((source) => theirs(join(from, source))),
      ...[...peer.own, "peer.c"].map((source) => theirs(`tests/bench/peer/${source}`)),
      { ...ownUnit("boards/common/lab.c"), flags: ["-Os", "-Itests/bench/peer"] },
    ]);
    writeFileSync(join(folder, "stamp"), wanted);
    return elf;
  });
}
