// weight: 45 s, 0.5 cores
/** The table of roads in `assembly/link/README.md`: the bytes that module and network exchange for an hourly report. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { missing, startBroker } from "../../tools/demo/broker.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import * as tls from "../../tools/server/tls.ts";
import { number, Subject, World, type SubjectOptions } from "./world.ts";

const HOUR_MS = 3_600_000;
/** Less than the pause after which a device on MQTT says that it is there. */
const MQTT_MS = 200_000;
const REPORTS = 3;
/** A figure of the table may be off by this part: signatures and tickets have a fixed size, counters and times do not. */
const TOLERANCE = 0.05;

/** The choices of an image, as `--use` takes them. */
function use(choice: keyof typeof CHOICES): string[] {
  return Object.entries(CHOICES[choice].use).map(([name, value]) => `${name}=${value}`);
}

/** The options of a device on a road, and the end of what was begun for it. */
interface Laid {
  readonly options: SubjectOptions;
  close(): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** A device behind ESP-AT that reaches this port with TLS. */
function over(port: number, key: Uint8Array, more: SubjectOptions = {}): SubjectOptions {
  return { link: "esp-at", port, intervalMs: HOUR_MS, settings: { port, tlsKeys: [key] }, ...more };
}

const ROADS: Readonly<Record<string, (world: World) => Promise<Laid>>> = {
  "tcp without TLS": ({ port }) =>
    Promise.resolve({ options: { link: "esp-at", port, intervalMs: HOUR_MS }, close: nothing }),
  tcp: ({ server }) => Promise.resolve({ options: over(server.tls!.port, server.tls!.publicKey), close: nothing }),
  http: ({ port, server }) =>
    Promise.resolve({ options: over(port, server.tls!.publicKey, { use: use("http") }), close: nothing }),
  udp: ({ server }) =>
    Promise.resolve({ options: over(server.coap!.port, server.tls!.publicKey, { use: use("udp") }), close: nothing }),
  mqtt: async (world) => {
    const identity = await tls.load(join(world.folder, "broker.key"), "broker", Date.now());
    const broker = await startBroker(world.folder, { identity, more: "allow_anonymous true\n" });
    await world.join(broker.url);
    const options = over(broker.tlsPort, identity.publicKey, { use: use("mqtt"), intervalMs: MQTT_MS });
    return { options, close: () => broker.stop() };
  },
};

/** The figures behind the name of a road. */
function row(road: string): number[] {
  const page = readFileSync("assembly/link/README.md", "utf8");
  const line = new RegExp(`^\\| ${road} \\|(.*)\\|$`, "m").exec(page)?.[1];
  assert.ok(line, `the table has no row for ${road}`);
  return line.split("|").map((cell) => Number(cell.trim().replace(",", "")));
}

/** Bytes up and down of the first report of a life, with what goes before it, and of one of the hourly reports that follow. */
async function measured({ options }: Laid, world: World): Promise<[number, number, number, number]> {
  const device = await Subject.make(world, options);
  try {
    await device.start();
    await device.see("accepted", 1, 60_000);
    await device.quiet();
    const first = { ...device.aired };
    for (let report = 0; report < REPORTS; report++) {
      const seen = device.see("accepted", 1, 60_000);
      device.skip(options.intervalMs!);
      await seen;
      await device.quiet();
    }
    const resumed = device.said("secured").slice(1);
    assert.ok(
      resumed.every((event) => number(event) === 1),
      "each further handshake is resumed",
    );
    const later = (way: "up" | "down"): number => Math.round((device.aired[way] - first[way]) / REPORTS);
    return [first.up, first.down, later("up"), later("down")];
  } finally {
    await device.stop();
  }
}

describe("the table of roads", () => {
  for (const [road, lay] of Object.entries(ROADS)) {
    it(`has the bytes of a report over ${road}`, { skip: road === "mqtt" && missing() }, async (test) => {
      const world = await World.start({ tls: true });
      try {
        const laid = await lay(world);
        try {
          const figures = await measured(laid, world);
          test.diagnostic(`${road}: ${figures.join(", ")}`);
          const stated = row(road);
          for (const [index, figure] of figures.entries())
            assert.ok(
              Math.abs(stated[index]! - figure) <= TOLERANCE * figure,
              `${figures.join(", ")}; the table has ${stated.join(", ")}`,
            );
        } finally {
          await laid.close();
        }
      } finally {
        await world.close();
      }
    });
  }
});
