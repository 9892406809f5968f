/** Real servers as processes: `openssl s_server` and `gnutls-serv`, each on a free port of this machine. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "node:tls";
import { freePort } from "../../tools/line/port.ts";
import * as tls from "../../tools/server/tls.ts";
import { certify, type Identity } from "./identities.ts";

/** True if a program is there; a test that needs it says so when it is not. */
export function installed(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** Why a suite is skipped, or false. */
export function missing(program: string): string | false {
  return installed(program) ? false : `${program} is not installed`;
}

/** Time for a server on a busy machine. */
export const PATIENCE_MS = 180_000;

/** A server in a process of its own. */
export class Peer {
  /** Its port; 0 until it has printed it. */
  port: number;
  /** Its output so far. */
  output = "";
  readonly #process: ChildProcessWithoutNullStreams;

  constructor(port: number, program: string, args: string[], env = process.env) {
    this.port = port;
    this.#process = spawn(program, args, { env });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        this.output += bytes.toString("latin1");
      });
    }
    this.#process.stdin.on("error", () => {});
  }

  /** True once it has ended. */
  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Type into it. */
  type(line: string): void {
    this.#process.stdin.write(line);
  }

  /** Wait until it has printed `text` behind the first `from` characters: an earlier connection may have had the same words. */
  async printed(text: string, from = 0): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.output.includes(text, from)) {
      if (Date.now() > deadline || this.#process.exitCode !== null)
        throw new Error(`no "${text}" in: ${this.output.slice(Math.max(from, this.output.length - 2000))}`);
      await sleep(10);
    }
  }

  /** Have s_server, run with `-state`, update its keys. A line is a command only if it comes alone: wait until it was taken. */
  async update(letter: "k" | "K"): Promise<void> {
    const seen = this.output.length;
    this.type(`${letter}\n`);
    await this.printed("write server key update", seen);
  }

  /** End it and wait until it has. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }
}

/** Files that servers read, in a folder that `remove` removes. */
export class Files {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "signet-tls-"));

  /** Write a file; returns its path. */
  put(name: string, content: string | Uint8Array): string {
    const file = this.place(name);
    writeFileSync(file, content);
    return file;
  }

  /** The path of a file or folder that a server makes. */
  place(name: string): string {
    return path.join(this.#folder, name);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Start `openssl s_server`. */
export async function openssl(args: string[]): Promise<Peer> {
  const peer = new Peer(0, "openssl", ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", ...args]);
  await peer.printed("ACCEPT");
  await peer.printed("\n", peer.output.indexOf("ACCEPT"));
  peer.port = Number(/ACCEPT 127\.0\.0\.1:(\d+)\n/.exec(peer.output)?.[1]);
  return peer;
}

/** The priority string of `gnutls-serv`: raw public keys on both sides, too. */
export const RAW_KEYS = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-SRV-ALL:+CTYPE-CLI-ALL";

/** Start `gnutls-serv`. */
export async function gnutls(args: string[]): Promise<Peer> {
  for (;;) {
    const port = await freePort();
    const peer = new Peer(port, "gnutls-serv", ["--port", String(port), ...args]);
    try {
      // "listening on IPv4 0.0.0.0 port 5556..." comes first, "done" when it does listen.
      await peer.printed("IPv4");
      await peer.printed("done", peer.output.indexOf("IPv4"));
      return peer;
    } catch (error) {
      await peer.stop();
      // It accepts no port 0, and another program may have taken this one meanwhile.
      if (!/Address already in use/i.test(peer.output)) throw error;
    }
  }
}

/** Node's TLS as `tools/server` sets it up, sending everything back. */
export interface Echo {
  readonly port: number;
  /** The Ed25519 keys that clients have shown, connection after connection, and how many bytes of data they have sent. */
  readonly shown: Uint8Array[];
  readonly heard: () => number;
  close(): void;
}

/** Start one with this key. */
export async function startEcho(identity: Identity): Promise<Echo> {
  const certificate = (await certify({ subject: identity })).toString("pem");
  const shown: Uint8Array[] = [];
  let heard = 0;
  const settings = tls.options({ key: identity.pem, certificate, publicKey: identity.key });
  const server = createServer(settings, (socket) => {
    const key = socket.getPeerX509Certificate()?.publicKey.export({ format: "der", type: "spki" });
    if (key) shown.push(key.subarray(-32));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => (heard += bytes.length));
    socket.pipe(socket);
  });
  tls.renewTickets(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, shown, heard: () => heard, close: () => void server.close() };
}
