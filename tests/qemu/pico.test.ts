// weight: 127 s, 0.8 cores
/** The Pico in rp2040js: its whole life, every way to die that a guest has, bad noise, and power that goes while flash is written. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadBoard, type Store } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { writeFactoryPage } from "../../tools/demo/flash.ts";
import { type Emulator, type Options, startEmulator } from "../../tools/emulator/qemu.ts";
import { type Modem, startModem } from "../../tools/modem/modem.ts";
import { type RunningServer, startServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { Chip, type Remains, Reset } from "../../tools/emulator/rp2040/chip.ts";
import { load } from "../../tools/emulator/rp2040/elf.ts";
import { type Cut, Flash } from "../../tools/emulator/rp2040/flash.ts";
import * as factory from "../../tools/wire/factory.ts";
import { sampler } from "../entropy/oscillator.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import PROBE from "./boot/image.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { FULL } from "../full.ts";

const BOARD = "pico";
const STEP_MS = 180_000;
const AUDIENCE = "pico.example";

const folder = mkdtempSync(join(tmpdir(), "signet-pico-"));
after(() => rmSync(folder, { recursive: true }));

/** A file name in the tests' folder. */
const at = (name: string): string => join(folder, name);

/** The factory page of a device that speaks to a port, with a seed of its own. */
const page = (port: number, more: Partial<factory.Factory> = {}): Uint8Array =>
  factory.write({
    link: "esp-at",
    host: "127.0.0.1",
    port,
    audience: AUDIENCE,
    serverKeys: [new Uint8Array(32)],
    seed: randomBytes(48),
    reportIntervalMs: 200,
    ...more,
  });

describe("a life, through an ESP-AT module and inside TLS", () => {
  const wire: Buffer[] = [];
  let server: RunningServer;
  let modem: Modem;
  let elf: string;

  before(async () => {
    ({ elf } = await buildImage({ board: BOARD, image: SIGNET }));
    server = await startServer({ port: 0, tls: { port: 0 }, database: at("signet.db"), audience: AUDIENCE });
    const listen = { host: "127.0.0.1", port: 0 };
    modem = await startModem({ listen, baud: 0, onUart: (_, bytes) => wire.push(Buffer.from(bytes)) });
    const { port, publicKey } = server.tls!;
    const told = page(port, { serverKeys: [server.publicKey], tlsKeys: [publicKey] });
    writeFactoryPage(at("flash"), await loadBoard(BOARD), told);
  });

  after(async () => {
    await modem?.close();
    await server?.close();
  });

  /** Start, wait for `reports` receipts, and cut the power; returns what the device said. */
  async function live(reports: number): Promise<Emulator> {
    const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
    const device = await startEmulator({ board: BOARD, elf, module, flash: at("flash"), timeoutMs: 0 });
    try {
      await device.waitFor("enrolled", STEP_MS);
      for (let seen = 0; seen < reports; seen++) {
        await device.waitFor("accepted", STEP_MS, device.events.length);
      }
    } finally {
      await device.kill();
    }
    assert.equal(device.complaint, "", "the chip's model has something to say");
    return device;
  }

  const idOf = (device: Emulator, event: string): string | undefined => {
    const told = device.events.find(({ name }) => name === event);
    return told && hex(told.data);
  };

  test(
    "key, enrolment, reports; and again after a power cut, with the same key",
    { timeout: 3 * STEP_MS },
    async () => {
      const first = await live(2);
      const second = await live(1);
      const id = idOf(first, "key-made");
      assert.ok(id !== undefined);
      assert.equal(idOf(second, "key-loaded"), id);
      assert.equal(idOf(second, "key-made"), undefined);
      for (const { events } of [first, second]) assert.ok(events.some(({ name }) => name === "secured"));
      const [device, ...others] = await server.devices();
      assert.equal(device?.id, id);
      assert.deepEqual(others, []);
      const reports = await server.reports(id);
      assert.ok(reports.length >= 3);
      assert.equal(new Set(reports.map(({ counter }) => counter)).size, reports.length);
      const heard = Buffer.concat(wire);
      for (const inside of ["/v1/", AUDIENCE, Buffer.from(id, "hex")]) assert.equal(heard.indexOf(inside), -1);
    },
  );
});

describe("a power cut in the middle of a flash operation, between the first start and the key", () => {
  /** That many operations there are; after them the flash rests. */
  const OPERATIONS = 8;
  const cuts: readonly Cut[] = FULL
    ? Array.from({ length: OPERATIONS }, (_, operation) => [0.1, 0.5, 0.9].map((done) => ({ operation, done }))).flat()
    : [{ operation: OPERATIONS - 1, done: 0.5 }];

  /** A flash with nothing but a factory page. */
  async function fresh(): Promise<void> {
    rmSync(at("cut-flash"), { force: true });
    writeFactoryPage(at("cut-flash"), await loadBoard(BOARD), page(9));
  }

  /** One life without a module, until the key is there or the power goes; returns the key's id, if one was told. */
  async function start(flash: string, cut?: Cut): Promise<string | undefined> {
    const { elf } = await buildImage({ board: BOARD, image: SIGNET });
    const device = await startEmulator({ board: BOARD, elf, flash, ...(cut && { cut }) });
    const gone = new Promise((resolve) => device.once("exit", resolve));
    const key = ["key-made", "key-loaded"].map((name) => device.waitFor(name, STEP_MS).catch(() => undefined));
    await Promise.race([gone, ...key]);
    assert.equal(device.running, !cut, cut ? "power did not go" : "the device is gone");
    await device.kill();
    const told = device.events.filter(({ name }) => name === "key-made" || name === "key-loaded");
    assert.equal(told.length <= 1, true);
    return told[0] && hex(told[0].data);
  }

  for (const cut of cuts) {
    test(`operation ${cut.operation}, at ${cut.done}: one key, and it stays`, { timeout: STEP_MS }, async () => {
      const flash = at("cut-flash");
      await fresh();
      const before = await start(flash, cut);
      const id = await start(flash);
      assert.ok(id !== undefined);
      assert.equal(before ?? id, id);
      assert.equal(await start(flash), id);
    });
  }

  const skip = FULL ? false : "SIGNET_FULL is not set";
  test("there are no more operations than that", { timeout: STEP_MS, skip }, async () => {
    await fresh();
    await assert.rejects(start(at("cut-flash"), { operation: OPERATIONS, done: 0.5 }), /power did not go/);
  });
});

describe("noise without entropy", () => {
  // Numbers of a source's faults, as in `assembly/device/README.md`.
  const STUCK = 2;
  const BIASED = 5;
  const PATTERNED = 8;
  const NO_SEED = 9;

  /** An oscillator of 6.4321 MHz, read every 12 us, without any jitter. */
  const steady = sampler({ megahertz: 6.4321, microseconds: 12, phase: 0.1, duty: 0.5, jitter: 0 });

  /** Bytes of which each bit is a one as often as `ones` says; the same bytes at every run. */
  const biased = (ones: number): Buffer => {
    let state = 1;
    return Buffer.from(
      Array.from({ length: 1 << 16 }, () => {
        let byte = 0;
        for (let bit = 0; bit < 8; bit++) {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
          byte = (byte << 1) | Number((state >>> 8) / 2 ** 24 < ones);
        }
        return byte;
      }),
    );
  };
  const sources: readonly (readonly [string, Buffer | undefined, epitaph: number])[] = [
    ["stuck at zero", Buffer.alloc(64), STUCK],
    ["stuck at one, as where there is no oscillator", undefined, STUCK],
    ["ones in 97 of 100 bits", biased(0.97), BIASED],
    ["an oscillator without jitter", Buffer.from(steady(1 << 16)), PATTERNED],
    ["good, and no seed in the factory page", randomBytes(1 << 16), NO_SEED],
  ];
  for (const [name, bytes, epitaph] of sources) {
    test(`${name}: no key`, { timeout: STEP_MS }, async () => {
      const { elf } = await buildImage({ board: BOARD, image: SIGNET });
      const entropy = at("noise");
      if (bytes) writeFileSync(entropy, bytes);
      else rmSync(entropy, { force: true });
      const device = await startEmulator({ board: BOARD, elf, entropy });
      const { data } = await device.waitFor("no-entropy", STEP_MS).finally(() => device.kill());
      assert.equal(data.readUInt32BE(0), epitaph);
      assert.ok(device.events.every((event) => event.name !== "key-made"));
    });
  }
});

/** The boot tests' guest, with the other end of its UART. */
async function probe(options: Partial<Options> = {}): Promise<{ board: Emulator; uart: Socket }> {
  const { elf } = await buildImage({ board: BOARD, image: PROBE });
  const board = await startEmulator({ board: BOARD, elf, module: "here", ...options });
  const uart = await board.uart();
  await board.waitFor("boot", STEP_MS);
  return { board, uart };
}

/** Resolves with the first `count` bytes that come. */
function receive(uart: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let have = Buffer.alloc(0);
    const hear = (part: Buffer): void => {
      have = Buffer.concat([have, part]);
      if (have.length < count) return;
      uart.off("data", hear);
      resolve(have);
    };
    uart.on("data", hear);
  });
}

describe("epitaphs", () => {
  test("each leaves an epitaph that survives the reset", { timeout: STEP_MS }, async () => {
    const { board, uart } = await probe();
    try {
      for (const [command, epitaph] of [
        ["o", /^trap oob pc=10[0-9a-f]{6}$/],
        ["u", /^trap unreachable pc=10[0-9a-f]{6}$/],
        ["p", /^trap oob pc=10[0-9a-f]{6}$/],
        ["x", /^trap oob pc=10[0-9a-f]{6}$/],
        ["s", /^stack overflow sp=[0-9a-f]{8}$/],
        ["d", /^die 00000007$/],
      ] as const) {
        const seen = board.events.length;
        uart.write(command);
        assert.match((await board.waitFor("epitaph", STEP_MS, seen)).data.toString(), epitaph);
      }
      uart.write("b");
      const answer = receive(uart, 4);
      uart.write("t");
      assert.ok((await answer).readUInt32LE(0) < STEP_MS, "milliseconds since reset");
    } finally {
      await board.kill();
    }
  });
});

describe("on the chip's model itself", () => {
  const complaints: string[] = [];
  let elf: string;
  let store: Store;

  before(async () => {
    ({ elf } = await buildImage({ board: BOARD, image: PROBE }));
    ({ store } = await loadBoard(BOARD));
  });

  /** Power, or a reset; and what its console has said since. */
  const power = (remains?: Remains): [Chip, () => string] => {
    const flash = new Flash(2 * 1024 * 1024, store, undefined);
    load(flash.bytes, 0x1000_0000, readFileSync(elf));
    const chip = new Chip({ flash, bit: () => 1, complain: (what) => complaints.push(what) }, remains);
    let said = "";
    chip.uart[1]!.onByte = (byte) => (said += String.fromCharCode(byte));
    return [chip, () => said];
  };
  const tick = (chip: Chip, nanos: number): void => (chip.clock as unknown as { tick(n: number): void }).tick(nanos);
  /** Run until the main loop sleeps. */
  const awake = (chip: Chip): void => {
    while (!chip.core.waiting) tick(chip, chip.run() * 8);
  };
  /** Return the epitaph that the life after a reset reports. */
  const epitaph = (before: Chip, barked: boolean): string => {
    const [chip, said] = power(before.remains(barked));
    awake(chip);
    assert.deepEqual(complaints, []);
    return Buffer.from(/^@ epitaph ([0-9a-f]+)$/m.exec(said())?.[1] ?? "", "hex").toString();
  };

  test(
    "a core that hangs is reset by the watchdog within 8 s, and reports it after the reset",
    { timeout: STEP_MS },
    () => {
      const [chip, said] = power();
      awake(chip);
      assert.doesNotMatch(said(), /epitaph/);
      // From here on not one instruction is executed, only time passes.
      tick(chip, 7.9e9);
      assert.throws(() => tick(chip, 0.2e9), Reset);
      assert.equal(epitaph(chip, true), "reset watchdog");
    },
  );

  test("a stack overflow of a handler is found by the overwritten words", { timeout: STEP_MS }, async () => {
    const limit = (await symbols(elf))("__handler_stack_limit").address;
    const [chip] = power();
    awake(chip);
    chip.core.SPmain = limit + 8;
    chip.uart[0]!.feedByte(0x71);
    assert.throws(() => {
      for (let steps = 0; steps < 1e6; steps++) {
        if (chip.woken) chip.core.waiting = false;
        tick(chip, chip.core.waiting ? 1000 : chip.run() * 8);
      }
    }, Reset);
    assert.match(epitaph(chip, false), /^stack overflow of handlers$/);
  });
});

describe("flash", () => {
  const flash = at("probe-flash");
  const erased = Buffer.alloc(4, 0xff);
  const word = Buffer.from([0x78, 0x56, 0x34, 0x12]);

  test("keeps its data through a power cut", { timeout: STEP_MS }, async () => {
    for (const before of [erased, word]) {
      const { board, uart } = await probe({ flash });
      const answer = receive(uart, 12);
      uart.write("f");
      assert.deepEqual(await answer, Buffer.concat([before, word, Buffer.alloc(4)]));
      await board.kill();
      assert.equal(board.complaint, "");
    }
    assert.deepEqual(readFileSync(flash).subarray(4096, 4100), word);
  });

  test("is half erased after a power cut in the middle", { timeout: STEP_MS }, async () => {
    const page = Buffer.alloc(4096, 0);
    const whole = readFileSync(flash);
    page.copy(whole, 4096);
    writeFileSync(flash, whole);
    const { board, uart } = await probe({ flash, cut: { operation: 0, done: 0.5 } });
    uart.write("f");
    await new Promise((resolve) => board.once("exit", resolve));
    const left = readFileSync(flash).subarray(4096, 8192);
    assert.deepEqual(left.subarray(0, 2048), Buffer.alloc(2048, 0xff));
    assert.deepEqual(left.subarray(2048), Buffer.alloc(2048));
  });
});

describe("the files for a board", () => {
  /** CRC-32 as the bootrom has it, a bit at a time over the message and 32 zero bits: a twin of the build's. */
  const crc = (bytes: Uint8Array): number => {
    let sum = 0n;
    for (const byte of [...bytes].map((each, i) => (i < 4 ? each ^ 0xff : each))) sum = (sum << 8n) | BigInt(byte);
    sum <<= 32n;
    for (let top = BigInt(bytes.length * 8 + 31); top >= 32n; top--) {
      if ((sum >> top) & 1n) sum ^= 0x1_04c1_1db7n << (top - 32n);
    }
    return Number(sum);
  };

  test("the second stage ends with its checksum", async () => {
    assert.equal(crc(Buffer.from("123456789")), 0x0376_e6e7, "CRC-32/MPEG-2's check value");
    const { bin } = await buildImage({ board: BOARD, image: SIGNET });
    const stage = readFileSync(bin).subarray(0, 256);
    assert.equal(crc(stage.subarray(0, 252)), stage.readUInt32LE(252));
  });

  test("a second stage with a wrong checksum does not boot", { timeout: STEP_MS }, async () => {
    const { elf } = await buildImage({ board: BOARD, image: PROBE });
    const bytes = readFileSync(elf);
    // Start of the first segment in the file: e_phoff, then p_offset of the first program header.
    const stage = bytes.readUInt32LE(bytes.readUInt32LE(28) + 4);
    assert.equal(bytes.toString("hex", stage, stage + 2), "00b5", "the second stage comes first");
    bytes.writeUInt8(bytes.readUInt8(stage + 252) ^ 1, stage + 252);
    writeFileSync(at("bad.elf"), bytes);
    const board = await startEmulator({ board: BOARD, elf: at("bad.elf"), timeoutMs: 3_000 });
    await new Promise((resolve) => board.once("exit", resolve));
    assert.deepEqual(board.lines, []);
    assert.match(board.complaint, /no second stage with a right checksum/);
  });

  test("the UF2 is the image, in blocks with their addresses", async () => {
    const { bin, folder: built } = await buildImage({ board: BOARD, image: SIGNET });
    const image = readFileSync(bin);
    const uf2 = readFileSync(join(built, "signet.uf2"));
    const count = Math.ceil(image.length / 256);
    assert.equal(uf2.length, 512 * count);
    const parts: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const block = uf2.subarray(512 * i, 512 * (i + 1));
      const words = Array.from({ length: 8 }, (_, word) => block.readUInt32LE(4 * word));
      assert.deepEqual(words, [0x0a324655, 0x9e5d5157, 0x2000, 0x1000_0000 + 256 * i, 256, i, count, 0xe48bff56]);
      assert.equal(block.readUInt32LE(508), 0x0ab16f30);
      parts.push(block.subarray(32, 32 + 256));
    }
    const content = Buffer.concat(parts);
    assert.deepEqual(content.subarray(0, image.length), image);
    assert.ok(content.subarray(image.length).every((byte) => byte === 0));
  });
});
