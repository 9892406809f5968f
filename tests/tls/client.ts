/** Drives `guest.ts`, the TLS client compiled to wasm, from Node: the calls it has, in bytes and names. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Status } from "../../assembly/lib/status.ts";
import { table } from "../../tools/generate/tables.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUT = path.join(ROOT, "build", "tests");

/** States of a connection, as in `assembly/tls/client.ts`. */
export const State = {
  Idle: 0,
  MakeShare: 1,
  SendHello: 2,
  WaitSh: 3,
  WaitEe: 4,
  WaitCertCr: 5,
  WaitCert: 6,
  CheckChain: 7,
  WaitCv: 8,
  WaitFinished: 9,
  SignCredential: 10,
  SendCertificate: 11,
  SendVerify: 12,
  SendFinished: 13,
  Connected: 14,
  Closing: 15,
  Closed: 16,
  Failed: 17,
} as const;

const SLOTS = { host: 0, alpn: 1, pins: 2, roots: 3, seed: 4, random: 5, psk: 6, identity: 7 } as const;

interface Exports {
  memory: WebAssembly.Memory;
  buffer(): number;
  capacity(): number;
  set(slot: number, len: number): void;
  setFloor(seconds: number): void;
  setClock(ms: number): void;
  start(): number;
  step(): number;
  state(): number;
  alert(): number;
  alertFromPeer(): number;
  preShared(): number;
  protocolChosen(): number;
  fromPeer(len: number): number;
  toPeer(max: number): number;
  write(len: number): number;
  read(max: number): number;
  update(): number;
  close(): void;
  abandon(): void;
  peerGone(): void;
  ticket(): number;
  setTicket(): void;
  ticketKept(): number;
  forgetTicket(): void;
}

/** The settings of a connection; a missing one is unset. */
export interface Settings {
  host?: string;
  alpn?: string;
  pins?: Uint8Array[];
  roots?: Uint8Array[];
  seed?: Uint8Array;
  random?: Uint8Array;
  psk?: Uint8Array;
  identity?: string;
  floor?: number;
  clock?: number;
}

/** Every source the guest is made of. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .map((name) => path.join(folder, name));
}

/** Compile the guest with these choices, once for the same sources. */
function compile(use: string): Buffer {
  const guest = path.join(ROOT, "tests/tls/guest.ts");
  const hash = createHash("sha256").update(use);
  for (const file of [...sources(path.join(ROOT, "assembly")), guest]) hash.update(readFileSync(file));
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
    "-O1",
    ...(use ? ["--use", use] : []),
  ];
  execFileSync(process.execPath, [compiler, "", "tests/tls/guest.ts", ...outputs], { cwd: ROOT });
  renameSync(temporary, wasm);
  return readFileSync(wasm);
}

/** Guests by the choices that they were compiled with. */
const compiled = new Map<string, WebAssembly.Module>();

function guestOf(use: string): WebAssembly.Module {
  const module = compiled.get(use) ?? new WebAssembly.Module(new Uint8Array(compile(use)));
  compiled.set(use, module);
  return module;
}

/** A text's bytes; none if it is unset. */
function text(value: string | undefined): Uint8Array {
  return Buffer.from(value ?? "");
}

/** Bytes that are the same for a seed, and look random. */
export function fixedBytes(seed: string, len: number): Uint8Array {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < len; i++) parts.push(createHash("sha256").update(`${seed} ${i}`).digest());
  return Buffer.concat(parts).subarray(0, len);
}

let connections = 0;

/** One TLS client with memory of its own. */
export class TlsClient {
  readonly guest: Exports;
  readonly #buffer: number;
  /** The longest that one step took in this process, in milliseconds. */
  steps = 0;

  /** With `use`, a compile-time choice such as `TLS_LAB_SUITE=1`. */
  constructor(use = "") {
    this.guest = new WebAssembly.Instance(guestOf(use), { table }).exports as unknown as Exports;
    this.#buffer = this.guest.buffer();
  }

  #put(bytes: Uint8Array): number {
    new Uint8Array(this.guest.memory.buffer, this.#buffer, bytes.length).set(bytes);
    return bytes.length;
  }

  #get(len: number): Buffer {
    return Buffer.from(this.guest.memory.buffer.slice(this.#buffer, this.#buffer + len));
  }

  #set(slot: keyof typeof SLOTS, bytes: Uint8Array): void {
    this.guest.set(SLOTS[slot], this.#put(bytes));
  }

  /** Begin a connection. */
  start(settings: Settings): number {
    this.#set("host", text(settings.host));
    this.#set("alpn", text(settings.alpn));
    this.#set("pins", Buffer.concat(settings.pins ?? []));
    this.#set("roots", Buffer.concat(settings.roots ?? []));
    this.#set("seed", settings.seed ?? new Uint8Array());
    this.#set("psk", settings.psk ?? new Uint8Array());
    this.#set("identity", text(settings.identity));
    this.#set("random", settings.random ?? fixedBytes(`connection ${connections++}`, 128));
    this.guest.setFloor(settings.floor ?? 0);
    this.guest.setClock(settings.clock ?? 0);
    return this.guest.start();
  }

  /** Step until only bytes bring it on; returns the last status. */
  run(): number {
    for (;;) {
      const status = this.guest.step();
      if (status !== Status.Ok) return status;
      this.steps++;
    }
  }

  /** Give it all these bytes of the peer, stepping between; application data is read on the way. */
  feed(bytes: Uint8Array, chunk = 2048): Buffer {
    const data: Buffer[] = [];
    let at = 0;
    for (;;) {
      const part = bytes.subarray(at, at + chunk);
      const taken = this.guest.fromPeer(this.#put(part));
      at += taken;
      this.run();
      const read = this.read();
      if (read.length) data.push(read);
      if (at >= bytes.length && !read.length) return Buffer.concat(data);
      if (!taken && !read.length) throw new Error(`the client takes no more in state ${this.state}`);
    }
  }

  /** All bytes it has for the peer. */
  drain(): Buffer {
    const parts: Buffer[] = [];
    for (;;) {
      this.run();
      const len = this.guest.toPeer(this.guest.capacity());
      if (!len) return Buffer.concat(parts);
      parts.push(this.#get(len));
    }
  }

  read(max = this.guest.capacity()): Buffer {
    return this.#get(this.guest.read(max));
  }

  write(bytes: Uint8Array): number {
    return this.guest.write(this.#put(bytes.subarray(0, this.guest.capacity())));
  }

  get state(): number {
    return this.guest.state();
  }

  /** The alert's name or number that ended it, and who sent it. */
  get alert(): { code: number; fromPeer: boolean } {
    return { code: this.guest.alert(), fromPeer: this.guest.alertFromPeer() !== 0 };
  }

  get ticket(): Buffer {
    return this.#get(this.guest.ticket());
  }

  set ticket(bytes: Uint8Array) {
    this.#put(bytes);
    this.guest.setTicket();
  }
}
