import { hex } from "../wire/bytes.ts";
import * as logger from "./logger.ts";
import { readAddress } from "./mqtt.ts";
import { startServer, type RunningServer, type ServerOptions } from "./server.ts";
import { isFurther, leave, tellReady } from "./workers.ts";

/** Run a server until SIGINT or SIGTERM: finish the requests in progress, then end the process. */
export async function runServer({
  level,
  ...options
}: Omit<ServerOptions, "log"> & { level: logger.Level }): Promise<void> {
  const log = logger.make(level);
  const server = await startServer({ ...options, log }).catch((error: unknown) => {
    leave();
    throw error;
  });
  if (!isFurther()) introduce(server, options);
  tellReady();
  await new Promise<void>((resolve) => {
    // A second signal must not cut the requests in progress: of several workers, each can get it twice.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
  if (!isFurther()) say("stopping");
  await server.close();
  leave();
}

/** Print what an operator must know of a server that serves. */
function introduce(server: RunningServer, options: ServerOptions): void {
  say(`listening on ${server.url}, audience ${options.audience}`);
  say(`server key ${hex(server.publicKey)}`);
  if (server.nextKey !== undefined) say(`next server key ${hex(server.nextKey)}`);
  if (server.tls !== undefined) {
    say(`TLS on ${server.tls.url}`);
    say(`TLS key ${hex(server.tls.publicKey)}`);
  }
  if (server.coap !== undefined) say(`CoAP on port ${server.coap.port} of UDP`);
  if (options.mqtt !== undefined) say(`MQTT through ${readAddress(options.mqtt).shown}`);
  say(`operator's page ${server.url}`);
  if (server.adminToken !== undefined) say(`admin token, shown only once: ${server.adminToken}`);
  if (options.policy === undefined || options.policy === "open") {
    say("policy open: ANY device may sign up. For development only; see --policy");
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
