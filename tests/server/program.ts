/** The real program in a process of its own: `signet server`, and other verbs. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { fromHex } from "../../tools/wire/bytes.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface Program {
  readonly child: ChildProcess;
  readonly url: string;
  readonly publicKey: Uint8Array;
  readonly adminToken: string | undefined;
  /** Return its output so far. */
  said(): { stdout: string; stderr: string };
  /** Tell it to stop; its exit code. */
  stop(): Promise<number | null>;
}

/** Start a verb of the program. It ends with the test. */
export function verb(t: TestContext, ...options: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--import", "./tools/load.mjs", "tools/signet.ts", ...options], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** Start the server, and wait until it listens. */
export async function run(t: TestContext, options: readonly string[]): Promise<Program> {
  const child = verb(t, "server", "--port", "0", ...options);
  const said = { stdout: "", stderr: "" };
  child.stderr!.on("data", (part: Buffer) => (said.stderr += part.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (part: Buffer) => {
      said.stdout += part.toString();
      // The policy is the last that is said, but only of `open`; the token before it, at the first start.
      if (/^server key \w+$[^]*^(admin token|policy)/m.test(said.stdout)) resolve();
    });
    child.once("exit", () => reject(new Error(`it ended: ${said.stdout}${said.stderr}`)));
  });
  const find = (pattern: RegExp): string | undefined => pattern.exec(said.stdout)?.[1];
  return {
    child,
    url: find(/listening on (\S+),/)!,
    publicKey: fromHex(find(/^server key (\w+)/m)!)!,
    adminToken: find(/^admin token.*: (\S+)$/m),
    said: () => ({ ...said }),
    async stop() {
      const gone = once(child, "close");
      child.kill("SIGTERM");
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
}
