import { InvalidArgumentError, type Command } from "commander";
import { fromHex } from "../wire/bytes.ts";

interface Options {
  server: URL;
  serverKey: Uint8Array;
  nextServerKey?: Uint8Array;
  tlsKey?: Uint8Array;
  plainPort?: number;
  audience: string;
  devices: number;
  awake: number;
  rate: number;
  seconds: number;
  attackers: number;
  faults: number;
  seed: number;
}

/** `signet fleet`: many virtual devices, and their results. */
export function add(program: Command): void {
  program
    .command("fleet")
    .description("run many virtual devices, with faults and attackers")
    .requiredOption("--server-key <hex>", "the server's key, as `signet server` prints it", key)
    .option("--next-server-key <hex>", "the key that will sign next, as `signet server` prints it", key)
    .option("--server <url>", "the server", address, new URL("http://127.0.0.1:8080"))
    .option("--tls-key <hex>", "connect by TLS 1.3, with this TLS key of the server", key)
    .option("--plain-port <n>", "port for attackers if the server's port is for TLS", number)
    .option("--audience <name>", "the server's name in every message", "signet.local")
    .option("--devices <n>", "number of devices", number, 100)
    .option("--awake <n>", "maximum number of devices switched on at the same time", number, 1000)
    .option("--rate <n>", "reports per second, of all devices", number, 50)
    .option("--seconds <n>", "duration", number, 30)
    .option("--attackers <n>", "clients that forge, replay and flood", number, 0)
    .option("--faults <n>", "power cuts and lost links per second", number, 0)
    .option("--seed <n>", "seed of the faults", number, 1)
    .action(async ({ server, ...options }: Options) => {
      const { runFleet } = await import("../fleet/fleet.ts");
      const tally = await runFleet({
        ...options,
        host: server.hostname,
        port: Number(server.port || (options.tlsKey ? 443 : 80)),
        onSecond: ({ awake, sent, accepted }) =>
          process.stderr.write(`${awake} awake, ${sent} sent, ${accepted} accepted\n`),
      });
      const { sent, accepted, powerCuts, lostLinks, deaths } = tally;
      const [half, most, worst] = [0.5, 0.99, 1].map((q) => tally.latencyMs(q).toFixed(0));
      const lines = [
        `accepted   ${accepted} of ${sent} sent (a device repeats a report until it is answered)`,
        `latency    ${half} ms half, ${most} ms 99 %, ${worst} ms worst`,
        `faults     ${powerCuts} power cuts, ${lostLinks} lost links; ${deaths} resets by the firmware`,
        ...[...tally.refused].map(([reason, count]) => `refused    ${count} ${reason}`),
        ...[...tally.attacks].toSorted().map(([what, count]) => `attack     ${count} ${what}`),
        ...[...tally.events].toSorted().map(([what, count]) => `event      ${count} ${what}`),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError("It must be a number.");
  return value;
}

function address(text: string): URL {
  if (!URL.canParse(text)) throw new InvalidArgumentError("It must be a URL, for example http://host:port.");
  return new URL(text);
}

function key(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes?.length !== 32) throw new InvalidArgumentError("It must be 64 hexadecimal digits.");
  return bytes;
}
