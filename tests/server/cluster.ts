/** Clusters of PostgreSQL of the tests' own, each on a socket in a temporary folder. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Every process of a server of PostgreSQL, itself first. */
function family(server: ChildProcess): number[] {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(server.pid)], { encoding: "utf-8" });
  return [server.pid!, ...children.trim().split(/\s+/).map(Number)];
}

/** End PostgreSQL as a crash does: every process of it at once, by SIGKILL. The next `run` recovers the rest. */
export async function crash(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once("exit", resolve));
  for (const pid of family(server)) kill(pid);
  await gone;
}

/** Kill one of the processes that serve a client; PostgreSQL then ends all of them, and recovers by itself. */
export async function killBackend(socket: string, choice: number): Promise<void> {
  const client = new Client({ host: socket, user: "postgres", database: "postgres" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const text =
      "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by pid";
    const { rows } = await client.query<{ pid: number }>(text);
    if (rows.length > 0) kill(rows[choice % rows.length]!.pid);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Make a cluster of a test's own and start it. */
export async function start(): Promise<Cluster> {
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

/** End a cluster and remove what it stored. */
export async function end({ process: child, socket }: Cluster): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await ended;
  rmSync(socket, { recursive: true, force: true });
}

/** Make a database in a cluster, and return its URL. */
export async function create(socket: string, template = "template1"): Promise<string> {
  const name = `signet_${process.pid}_${databases++}`;
  const client = new Client({ host: socket, user: "postgres", database: "postgres" });
  await client.connect();
  await client.query(`create database ${name} template ${template}`);
  await client.end();
  return `postgres://postgres@/${name}?host=${encodeURIComponent(socket)}`;
}
