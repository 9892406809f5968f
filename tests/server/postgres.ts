/** A PostgreSQL of the tests' own: started on demand on a socket in a temporary folder, a fresh database for each test. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { Client } from "pg";

const INSTALLED = "/usr/lib/postgresql";

function programs(): string | undefined {
  if (!existsSync(INSTALLED)) return undefined;
  const version = readdirSync(INSTALLED).toSorted().at(-1);
  return version === undefined ? undefined : join(INSTALLED, version, "bin");
}

/** Why there is no PostgreSQL to test on; false if there is. */
export function missing(): string | false {
  const bin = programs();
  if (bin === undefined || !existsSync(join(bin, "initdb"))) return "PostgreSQL is not installed (Debian: postgresql)";
  if (process.getuid?.() === 0 && user() === undefined)
    return "PostgreSQL does not run as root, and there is no user postgres";
  return false;
}

/** PostgreSQL refuses to run as root: its own user, where there is one. */
function user(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const [uid, gid] = ["-u", "-g"].map((flag) =>
      Number(execFileSync("id", [flag, "postgres"], { encoding: "utf-8", stdio: "pipe" })),
    );
    return { uid: uid!, gid: gid! };
  } catch {
    return undefined;
  }
}

export interface Cluster {
  readonly socket: string;
  readonly data: string;
  process: ChildProcess;
}

let cluster: Promise<Cluster> | undefined;
let databases = 0;

/** Start PostgreSQL on what is in its folder, and wait until it answers. */
export async function run(data: string, socket: string): Promise<ChildProcess> {
  const settings = ["listen_addresses=", `unix_socket_directories=${socket}`, "fsync=on", "max_connections=60"];
  const child = spawn(join(programs()!, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
    stdio: "ignore",
    ...user(),
  });
  for (let left = 300; left > 0; left--) {
    const client = new Client({ host: socket, user: "postgres", database: "postgres" });
    try {
      await client.connect();
      await client.end();
      return child;
    } catch {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("PostgreSQL does not answer");
}

async function start(): Promise<Cluster> {
  const socket = mkdtempSync(join(tmpdir(), "signet-pg-"));
  chmodSync(socket, 0o755);
  const owner = user();
  if (owner !== undefined) chownSync(socket, owner.uid, owner.gid);
  const data = join(socket, "data");
  execFileSync(join(programs()!, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    stdio: "ignore",
    ...owner,
  });
  return { socket, data, process: await run(data, socket) };
}

/** The cluster of this process. It ends with the tests. */
export function shared(): Promise<Cluster> {
  cluster ??= start();
  return cluster;
}

after(async () => {
  if (cluster === undefined) return;
  const { process: child, socket } = await cluster;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await ended;
  rmSync(socket, { recursive: true, force: true });
});

/** Make an empty database and return its URL. */
export async function database(): Promise<string> {
  const { socket } = await shared();
  const name = `signet_${process.pid}_${databases++}`;
  const client = new Client({ host: socket, user: "postgres", database: "postgres" });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return `postgres://postgres@/${name}?host=${encodeURIComponent(socket)}`;
}
