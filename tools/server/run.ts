import { hex } from "../wire/bytes.ts";
import * as logger from "./logger.ts";
import { readAddress } from "./mqtt.ts";
import { startServer, type ServerOptions } from "./server.ts";

/** Run a server until SIGINT or SIGTERM: finish the requests in progress, then end the process. */
export async function runServer({
  level,
  ...options
}: Omit<ServerOptions, "log"> & { level: logger.Level }): Promise<void> {
  const log = logger.make(level);
  const server = await startServer({ ...options, log });
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
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  say("stopping");
  await server.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
