/** A mosquitto of a test's own: on a free port, with the configuration it wants. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { folder } from "./harness.ts";

const PROGRAM = "/usr/sbin/mosquitto";

/** Why there is no broker to test with; false if there is. */
export function missing(): string | false {
  return existsSync(PROGRAM) ? false : "mosquitto is not installed (Debian: mosquitto)";
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.end());
  });
}

export interface Broker {
  readonly url: string;
  /** End it at once, and start another in its place. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Start a broker, with more lines of configuration where a test wants them. */
export async function broker(t: TestContext, more = "allow_anonymous true\n"): Promise<Broker> {
  const port = await freePort();
  const config = join(folder(t), "mosquitto.conf");
  // As root it would become a user who may not read what a test wrote.
  writeFileSync(config, `listener ${port} 127.0.0.1\nuser root\n${more}`);
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
  t.after(stop);
  return { url: `mqtt://127.0.0.1:${port}`, stop, start };
}
