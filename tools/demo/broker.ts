/** A mosquitto on free ports of this machine: plain for the server, and inside TLS for devices where there is an identity. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, freePort } from "../line/port.ts";
import type { TlsIdentity } from "../server/tls.ts";

const PROGRAM = "/usr/sbin/mosquitto";
const HOST = "127.0.0.1";

/** Why there is no broker; false if there is. */
export function missing(): string | false {
  return existsSync(PROGRAM) ? false : "mosquitto is not installed (Debian: mosquitto)";
}

export interface Broker {
  /** Its plain listener. */
  readonly url: string;
  /** Its listener inside TLS; 0 without one. */
  readonly tlsPort: number;
  /** The process that serves now. */
  pid(): number;
  /** End it at once, and start another in its place. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Start a broker with its files in `folder`, and `more` lines of configuration; `closed` are those of its listener inside TLS. */
export async function startBroker(
  folder: string,
  {
    more = "allow_anonymous true\n",
    identity,
    closed = "",
  }: { more?: string; identity?: Omit<TlsIdentity, "publicKey">; closed?: string } = {},
): Promise<Broker> {
  const port = await freePort();
  const tlsPort = identity ? await freePort() : 0;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const sealed = identity
    ? `listener ${tlsPort} ${HOST}\ncertfile ${file("broker.crt", identity.certificate)}\nkeyfile ${file("broker.pem", identity.key)}\n${closed}`
    : "";
  // As root it would become a user who may not read these files.
  const config = file("mosquitto.conf", `user root\n${sealed}listener ${port} ${HOST}\n${more}`);
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    child = undefined;
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(PROGRAM, ["-c", config], { stdio: "ignore" });
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await start();
  return { url: `mqtt://${HOST}:${port}`, tlsPort, pid: () => child!.pid!, stop, start };
}
