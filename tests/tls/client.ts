/** Drives `guest.ts`, the TLS client compiled to wasm, from Node: the calls it has, in bytes and names. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GUEST_TLS, NODE_LEVEL, WASM_FLAGS } from "../../tools/firmware/asc.ts";
import { Client, type Guest, type Settings } from "../../tools/tls/client.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUT = path.join(ROOT, "build", "tests");

interface Exports extends Guest {
  write(len: number): number;
  read(max: number): number;
  update(): number;
  ticket(): number;
  setTicket(): void;
  forgetTicket(): void;
  certificate(): number;
}

/** Every source the guest is made of. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .map((name) => path.join(folder, name));
}

/** The section of a wasm module that names a function to run at its start. */
const START_SECTION = 8;

/** Compile the guest with these choices, once for the same sources. */
function compile(use: string): Buffer {
  const guest = path.join(ROOT, "tests/tls/guest.ts");
  const hash = createHash("sha256").update(use);
  for (const file of [...sources(path.join(ROOT, "assembly")), guest, path.join(ROOT, GUEST_TLS)])
    hash.update(readFileSync(file));
  const wasm = path.join(OUT, `tls-${hash.digest("hex").slice(0, 16)}.wasm`);
  try {
    return readFileSync(wasm);
  } catch {
    mkdirSync(OUT, { recursive: true });
  }
  const temporary = `${wasm}.${process.pid}`;
  const compiler = path.join(ROOT, "tools/firmware/compile.mjs");
  const outputs = [
    "--outFile",
    path.relative(ROOT, temporary),
    "--config",
    path.join(ROOT, "asconfig.json"),
    NODE_LEVEL,
    ...(use ? ["--use", use] : []),
  ];
  execFileSync(process.execPath, [...WASM_FLAGS, compiler, "", "tests/tls/guest.ts", ...outputs], { cwd: ROOT });
  assertNoStart(readFileSync(temporary), use);
  renameSync(temporary, wasm);
  return readFileSync(wasm);
}

/** Fail if a module has code that runs when it starts: no board runs it. */
function assertNoStart(wasm: Buffer, use: string): void {
  for (let at = 8; at < wasm.length;) {
    if (wasm[at] === START_SECTION) throw new Error(`code that runs at the start of the client with "${use}"`);
    let len = 0;
    let shift = 0;
    do len |= (wasm[++at]! & 127) << shift;
    while (wasm[at]! & 128 && (shift += 7));
    at += 1 + len;
  }
}

/** Guests by the choices that they were compiled with. */
const compiled = new Map<string, WebAssembly.Module>();

function guestOf(use: string): WebAssembly.Module {
  const module = compiled.get(use) ?? new WebAssembly.Module(new Uint8Array(compile(use)));
  compiled.set(use, module);
  return module;
}

/** Bytes that are the same for a seed, and look random. */
export function fixedBytes(seed: string, len: number): Uint8Array {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < len; i++) parts.push(createHash("sha256").update(`${seed} ${i}`).digest());
  return Buffer.concat(parts).subarray(0, len);
}

let connections = 0;

/** The client of the tools, with application data, and with randomness that is the same at each run. */
export class TlsClient extends Client<Exports> {
  /** With `use`, a compile-time choice such as `TLS_LAB_SUITE=1`. */
  constructor(use = "", authorities?: readonly number[]) {
    super(guestOf(use), authorities);
  }

  override start(settings: Settings): number {
    return super.start({ random: fixedBytes(`connection ${connections++}`, 128), ...settings });
  }

  /** Give it all these bytes of the peer, stepping between; application data is read on the way. */
  feed(bytes: Uint8Array, chunk = 2048): Buffer {
    const data: Buffer[] = [];
    this.give(bytes, chunk, () => {
      const read = this.read();
      if (read.length) data.push(read);
      return read.length > 0;
    });
    return Buffer.concat(data);
  }

  read(max = this.guest.capacity()): Buffer {
    return this.get(this.guest.read(max));
  }

  write(bytes: Uint8Array): number {
    return this.guest.write(this.put(bytes.subarray(0, this.guest.capacity())));
  }

  /** The device's certificate on P-256, of the settings that it started with. */
  get certificate(): Buffer {
    return this.get(this.guest.certificate());
  }

  get ticket(): Buffer {
    return this.get(this.guest.ticket());
  }

  set ticket(bytes: Uint8Array) {
    this.put(bytes);
    this.guest.setTicket();
  }
}
