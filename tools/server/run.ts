import { hex } from "../wire/bytes.ts";
import { startServer, type ServerOptions } from "./server.ts";

/** Run a server until SIGINT or SIGTERM: what is under way is finished, then the process ends. */
export async function runServer(options: ServerOptions): Promise<void> {
  const server = await startServer({ ...options, onError: complain() });
  say(`listening on ${server.url}, audience ${options.audience}`);
  say(`server key ${hex(server.publicKey)}`);
  if (server.tls !== undefined) {
    say(`TLS on ${server.tls.url}`);
    say(`TLS key ${hex(server.tls.publicKey)}`);
  }
  if (server.adminToken !== undefined) say(`admin token, shown this once: ${server.adminToken}`);
  if (options.policy === undefined || options.policy === "open") {
    say("policy open: ANY device may sign up. For development only; see --policy");
  }
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  say("stopping");
  await server.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const REPEAT_MS = 10_000;

/** Say what fails inside, each thing at most every few seconds: a full disk fails for every device. */
function complain(): (error: unknown) => void {
  const said = new Map<string, number>();
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    const now = Date.now();
    if (now - (said.get(text) ?? 0) < REPEAT_MS) return;
    said.set(text, now);
    process.stderr.write(`error: ${text}\nhint: devices are told to come again until this is solved\n`);
  };
}
