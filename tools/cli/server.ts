import cluster from "node:cluster";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { Level } from "../server/logger.ts";
import { POLICIES, type Policy } from "../server/policy.ts";

interface Options {
  port: number;
  host: string;
  database: string;
  audience: string;
  key?: string;
  tlsPort?: number;
  tlsKey?: string;
  coapPort?: number;
  trustedProxy?: string;
  fields?: string;
  mqtt?: string;
  webhook?: string;
  log: Level;
  policy: Policy;
  forks: "suspend" | "alarm";
  trustClock?: boolean;
  workers: number;
}

const LEVELS: readonly Level[] = ["error", "warn", "info", "debug"];

/** `signet server`: run until a signal to stop. */
export function add(program: Command): void {
  program
    .command("server")
    .description("run the server: enrolments, reports, receipts")
    .option("--port <n>", "port to listen on", port, 8080)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--audience <name>", "the server's name in every message", "signet.local")
    .option("--key <file>", "file of the server's key, created at the first start (default: beside the database)")
    .option("--tls-port <n>", "port for TLS 1.3; devices pin the printed key", port)
    .option("--tls-key <file>", "file of the TLS key, created at the first start (default: beside the database)")
    .option("--coap-port <n>", "UDP port for TLS over CoAP", port)
    .option(
      "--trusted-proxy <list>",
      "addresses and networks of proxies that tell the address of a client, with commas",
    )
    .option("--fields <file>", "fields.json: names and units of the product's readings, for the operator's page")
    .option(
      "--mqtt <url>",
      "also receive devices' messages from this broker: mqtt[s]://[user:password@]host[:port][/prefix][?client=NAME]",
    )
    .option("--webhook <url>", "URL that receives every stored report and log entry, signed")
    .addOption(
      new Option("--log <level>", "level of the log on standard error, JSON lines").choices(LEVELS).default("info"),
    )
    .addOption(new Option("--policy <policy>", "condition for a new device to enrol").choices(POLICIES).default("open"))
    .addOption(
      new Option("--forks <action>", "action on a proved clone").choices(["suspend", "alarm"]).default("suspend"),
    )
    .option("--trust-clock", "start even if the clock contradicts the newest row of the database")
    .option("--workers <n>", "processes that share the port and a database of PostgreSQL", workers, 1)
    .action(async (options: Options) => {
      const { tlsPort, tlsKey, coapPort, fields: file, log, workers: count, ...rest } = options;
      const fields = file === undefined ? {} : { fields: (await import("../fields.ts")).load(file) };
      const tls = tlsPort === undefined ? {} : { tls: { port: tlsPort, ...(tlsKey && { key: tlsKey }) } };
      const coap = coapPort === undefined ? {} : { coap: { port: coapPort } };
      if (count > 1) {
        const { check, supervise } = await import("../server/workers.ts");
        check({ ...rest, ...coap });
        if (cluster.isPrimary) {
          process.exitCode = await supervise(count);
          return;
        }
      }
      const hasTunnels = count === 1;
      const { runServer } = await import("../server/run.ts");
      await runServer({
        ...rest,
        ...tls,
        ...coap,
        ...fields,
        hasTunnels,
        level: log,
        suspendForks: options.forks === "suspend",
      });
    });
}

function workers(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError("It must be 1 to 64.");
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError("It must be 0 to 65535.");
  return value;
}
