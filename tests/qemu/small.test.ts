// weight: 55 s, 0.6 cores
/**
 * The life of the micro:bit inside TLS in 16 KiB of RAM, as shipped and in its smallest image, and the stack that it takes.
 * `stack_scrub` returns at once here, so that the stack keeps the words of its deepest call. SIGNET_FULL asks for every link.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startBridge } from "../../tools/bridge/bridge.ts";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { type ChoiceName, serving } from "../../tools/firmware/choices.ts";
import { startEmulator, writeFlash } from "../../tools/emulator/qemu.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";
import { USUAL } from "../../tools/facts/family.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { FULL } from "../full.ts";

const BOARD = "microbit";
const HOST = "127.0.0.1";
const PATIENCE_MS = 120_000;
/** `bx lr`. */
const RETURN = Buffer.from([0x70, 0x47]);
const PAINT = 0xa5a5a5a5;
/** Left of the stack when all was measured: room for what the measured life did not meet. */
const SPARE = 512;

type Link = (typeof factory.LINKS)[number];
/** Links of the short form: those of the image as shipped, and a mobile module. */
const SHIPPED: readonly Link[] = FULL ? factory.LINKS : [...USUAL, "quectel"];
const SMALLEST: readonly Link[] = FULL ? factory.LINKS : ["esp-at"];

const images: { link: Link; choices: readonly ChoiceName[] }[] = [
  ...SHIPPED.map((link) => ({ link, choices: serving(link) })),
  ...SMALLEST.map((link) => ({ link, choices: ["small", "pins", link] as const })),
];

for (const { link, choices } of images) {
  test(`a life inside TLS in 16 KiB, over ${[link, ...choices].join(", ")}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "signet-small-"));
    const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
    try {
      const { elf } = await buildImage({ board: BOARD, image: SIGNET, choices });
      const server = await startServer({
        port: 0,
        tls: { port: 0 },
        database: join(folder, "signet.db"),
        audience: "small.example",
      });
      ends.push(() => server.close());
      const to = { host: HOST, port: server.tls!.port };
      const listen = { host: HOST, port: 0 };
      const module =
        link === "framed" ? await startBridge({ listen, to }) : await startModem({ family: link, listen, baud: 0 });
      ends.push(() => module.close());
      const flash = join(folder, "flash");
      const page = factory.write({
        ...to,
        link,
        audience: "small.example",
        serverKeys: [server.publicKey],
        // Too long to keep a connection for: the next report resumes it.
        reportIntervalMs: 2_500,
        tlsKeys: [server.tls!.publicKey],
      });
      await writeFlash(flash, BOARD, page);
      const at = module.address as { host: string; port: number };
      const device = await startEmulator({ board: BOARD, elf, module: { tcp: at }, flash, timeoutMs: 0, halted: true });
      ends.push(() => device.kill());
      const find = await symbols(elf);
      const gdb = await device.debug();
      await gdb.write(find("stack_scrub").address, RETURN);
      await gdb.detach();

      const count = (name: string): number => device.events.filter((event) => event.name === name).length;
      const until = async (name: string, times: number): Promise<void> => {
        for (const end = Date.now() + PATIENCE_MS; count(name) < times; await sleep(20)) {
          const said = device.events.map(({ name: event, data }) => `${event} ${data.toString("hex")}`);
          if (Date.now() > end) throw new Error(`no ${name}:\n${said.join("\n")}`);
        }
      };
      await until("accepted", 3);
      const resumed = device.events.filter(({ name }) => name === "secured").map(({ data }) => data.readUInt32BE());
      assert.deepEqual(resumed.slice(0, 2), [0, 1]);
      assert.equal(count("tls-failed"), 0);
      assert.equal(count("epitaph"), 0);

      const limit = find("__stack_limit").address;
      const bytes = find("__stack_top").address - limit;
      assert.equal(bytes, (await loadBoard(BOARD)).budget.stack);
      const again = await device.debug();
      const stack = await again.read(limit, bytes);
      await again.detach();
      let untouched = 0;
      while (stack.readUInt32LE(untouched) === PAINT) untouched += 4;
      assert.ok(untouched >= SPARE, `${bytes - untouched} of ${bytes} bytes of stack used`);
    } finally {
      for (const end of ends.toReversed()) await end();
    }
  });
}
