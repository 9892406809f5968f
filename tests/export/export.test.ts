// weight: 150 s, 1 core
/**
 * The export as a stranger uses it: compiled without a warning, built by Make and CMake, and run in QEMU beside a heap,
 * to receipts inside TLS, through a death of the library, and on.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { exportLibrary } from "../../tools/export/export.ts";
import { run } from "../../tools/firmware/run.ts";
import { storeIn } from "../../tools/flash/dump.ts";
import * as hex from "../../tools/flash/hex.ts";
import { inspectInput } from "../../tools/flash/inspect.ts";
import * as software from "../../tools/flash/software.ts";
import * as factory from "../../tools/wire/factory.ts";
import * as faulty from "./faulty.ts";
import { play } from "./play.ts";
import { proveAccess, replaceBoards } from "./scenes.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { FULL } from "../full.ts";

const CPU = "cortex-m3";
const BOARD = "mps2-an385";
const OPTIONS = { core: CPU, link: "esp-at", profile: "pinned", small: false, name: "own", pageBytes: 4096, pages: 16 };
const RECEIPTS = 10;
const PAINT = 0xa5;
/** Top of the stack of own-main (own.ld). */
const STACK_TOP = 0x2001_0000;
/** Bytes of the stack that may be written: SIGNET_STACK_BYTES, the frames of main and of an interrupt. */
const DEEPEST = 2048 + 256;

/** Compilers of a host's own files, with their flags. */
const WAYS: readonly (readonly [program: string, ...flags: string[]])[] = [
  ["arm-none-eabi-gcc", "-O0"],
  ["arm-none-eabi-gcc", "-Os", "-flto"],
  ["arm-none-eabi-gcc", "-O3"],
  ["clang", "--target=arm-none-eabi", "-Os", "-isystem", "/usr/lib/arm-none-eabi/include"],
  ["arm-none-eabi-g++", "-O2", "-fno-exceptions"],
];

const folder = mkdtempSync(join(tmpdir(), "signet-export-"));
const out = join(folder, "signet");
const example = join(out, "examples/own-main");
const strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", `-I${out}`];
/** The elf that Make built. */
const elf = join(example, "own.elf");
/** signet.c, compiled. */
const object = join(folder, "signet.o");

before(async () => {
  await exportLibrary({ ...OPTIONS, out });
  await run("make", ["WARNINGS=-Wall -Wextra -Werror"], example);
  await run("arm-none-eabi-gcc", [`-mcpu=${CPU}`, "-mthumb", "-O2", "-c", join(out, "signet.c"), "-o", object]);
});
after(() => rmSync(folder, { recursive: true }));

describe("an export", () => {
  it("has TLS if its link is a tunnel", async () => {
    for (const link of ["esp-at-http", "esp-at-udp"]) {
      const refused = exportLibrary({ ...OPTIONS, link, profile: "no-tls", out: join(folder, "none") });
      await assert.rejects(refused, { message: `the link ${link} carries TLS` });
    }
  });

  it("has MQTT only inside TLS over a stream, and compiles with each use of it", async () => {
    for (const other of [{ link: "esp-at-udp" }, { profile: "no-tls" }])
      await assert.rejects(exportLibrary({ ...OPTIONS, ...other, mqtt: "reports", out: join(folder, "none") }), {
        message: "MQTT needs TLS over a stream",
      });
    for (const mqtt of ["reports", "client"]) {
      const chosen = join(folder, mqtt);
      await exportLibrary({ ...OPTIONS, mqtt, out: chosen });
      await run("make", ["WARNINGS=-Wall -Wextra -Werror"], join(chosen, "examples/own-main"));
    }
  });

  it("is the same, byte for byte, when it is repeated", async () => {
    const again = join(folder, "again");
    await exportLibrary({ ...OPTIONS, out: again });
    assert.equal(
      readFileSync(join(again, "MANIFEST.sha256"), "utf8"),
      readFileSync(join(out, "MANIFEST.sha256"), "utf8"),
    );
    await run("sha256sum", ["--quiet", "--strict", "-c", "MANIFEST.sha256"], again);
  });

  it("replaces an export, and keeps foreign files there", async () => {
    const again = join(folder, "again");
    writeFileSync(join(again, "mine.c"), "int mine;\n");
    writeFileSync(join(again, "signet.c"), "changed\n");
    await exportLibrary({ ...OPTIONS, out: again });
    assert.equal(readFileSync(join(again, "mine.c"), "utf8"), "int mine;\n");
    await run("sha256sum", ["--quiet", "--strict", "-c", "MANIFEST.sha256"], again);
    await assert.rejects(exportLibrary({ ...OPTIONS, out: folder }), /is not empty and is not an export/);
  });

  it("compiles without a warning by gcc as C11 and gnu11, and by clang", async () => {
    const core = [`-mcpu=${CPU}`, "-mthumb", "-O2"];
    for (const standard of ["c11", "gnu11"])
      await run("arm-none-eabi-gcc", [...strict, ...core, `-std=${standard}`, join(out, "signet.c")]);
    const newlib = ["-isystem", "/usr/lib/arm-none-eabi/include"];
    await run("clang", ["--target=arm-none-eabi", ...strict, ...core, ...newlib, "-std=c11", join(out, "signet.c")]);
  });

  it("has headers that C++ accepts, and a template of the port that compiles", async () => {
    const cpp = join(folder, "api.cpp");
    writeFileSync(
      cpp,
      '#include "signet.h"\n#include "signet_port.h"\nint main() { return signet_status() == SIGNET_DEAD; }\n',
    );
    await run("arm-none-eabi-g++", [...strict, `-mcpu=${CPU}`, "-mthumb", cpp]);
    await run("arm-none-eabi-gcc", [
      ...strict,
      `-mcpu=${CPU}`,
      "-mthumb",
      "-std=c11",
      "-x",
      "c",
      join(out, "signet_port.c.in"),
    ]);
  });

  it("defines only names with its prefix, and needs only those and the C library's", async () => {
    const names = async (flag: string): Promise<string[]> =>
      (await run("arm-none-eabi-nm", ["-g", "-j", flag, object])).split("\n").filter(Boolean);
    const foreign = (name: string): boolean => !name.startsWith("signet_");
    assert.deepEqual((await names("--defined-only")).filter(foreign), []);
    assert.deepEqual(
      (await names("--undefined-only"))
        .filter(foreign)
        .filter((name) => !name.startsWith("__"))
        .toSorted(),
      ["longjmp", "memcpy", "memmove", "memset", "setjmp", "strlen"],
    );
  });

  it("links into programs that are compiled in other ways, and refuses to be compiled without optimisation", async () => {
    const library = [object];
    const compile = (file: string): string[] => [`-mcpu=${CPU}`, "-mthumb", `-I${out}`, `-I${example}`, "-c", file];
    for (const name of readdirSync(out).filter((file) => file.endsWith(".S"))) {
      library.push(join(folder, `${name}.o`));
      await run("arm-none-eabi-gcc", [...compile(join(out, name)), "-o", library.at(-1)!]);
    }
    const linked = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections", "-T"];
    for (const [program, ...flags] of WAYS) {
      const isCpp = program.endsWith("g++");
      const objects: string[] = [];
      for (const file of [isCpp ? resolve("tests/export/main.cpp") : "main.c", "port.c", "startup.c"]) {
        const compiler = isCpp && file.endsWith(".c") ? "arm-none-eabi-gcc" : program;
        objects.push(join(folder, `${objects.length}.o`));
        const all = [...flags, ...compile(resolve(example, file)), "-o", objects.at(-1)!];
        await run(compiler, ["-Wall", "-Wextra", "-Werror", ...all]);
      }
      const options = [...flags.filter((flag) => flag.startsWith("-O") || flag === "-flto"), `-mcpu=${CPU}`, "-mthumb"];
      const own = join(folder, "way.elf");
      await run("arm-none-eabi-gcc", [
        ...options,
        ...objects,
        ...library,
        ...linked,
        join(example, "own.ld"),
        "-o",
        own,
      ]);
      assert.match(await run("arm-none-eabi-nm", [own]), / T signet_poll$/m, [program, ...flags].join(" "));
    }
    await assert.rejects(run("arm-none-eabi-gcc", ["-O0", ...compile(join(out, "signet.c"))]), /needs -O2 or -Os/);
  });

  it("is built by CMake too", async () => {
    const build = join(folder, "cmake");
    mkdirSync(build);
    await run("cmake", ["-S", example, "-B", build, `-DCMAKE_TOOLCHAIN_FILE=${join(example, "arm.cmake")}`]);
    await run("cmake", ["--build", build]);
    assert.match(await run("arm-none-eabi-nm", [join(build, "own.elf")]), / T signet_poll$/m);
  });
});

describe("`signet try`", () => {
  /** Run the CLI; its output as text. */
  const signet = (...args: string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "./tools/load.mjs", "tools/signet.ts", ...args],
      {
        encoding: "utf8",
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      },
    );
    return { status, said: stdout + stderr };
  };

  it("runs a program to its first verified report", () => {
    const { status, said } = signet("try", elf, "--machine", BOARD);
    assert.match(said, /its store is at 0x21000000, 16 pages of 4096 bytes/);
    assert.match(said, /established TLS 1\.3/);
    assert.match(said, /report 1 verified and stored: \S+/);
    assert.match(said, /^verified: a report of device [0-9a-f]{64}/m);
    assert.equal(status, 0, said);
  });

  it("says what is wrong with a program or a machine", async () => {
    const [bare, noStore] = ["bare.elf", "store.elf"].map((name) => join(folder, name));
    await run("arm-none-eabi-objcopy", ["-N", "signet_store_pages", elf, bare!]);
    await run("arm-none-eabi-objcopy", ["-N", "signet_port_store", elf, noStore!]);
    assert.match(
      signet("try", bare!, "--machine", BOARD).said,
      /^error: \S+ does not contain Signet\nhint: link the folder/,
    );
    assert.match(
      signet("try", noStore!, "--machine", BOARD).said,
      /^error: \S+ has no symbol signet_port_store\nhint: /,
    );
    assert.match(signet("try", elf, "--machine", "mps2-an1").said, /^error: QEMU ended: .*unsupported machine type/m);
  });

  it("names the fault of a program that sends nothing, long before its time is over", async () => {
    const { empty, stopped, forgetful, lossy } = faulty.ports(out);
    const tried = async (port: string, ...more: readonly string[]): Promise<string> =>
      signet("try", await faulty.withPort(port, out, CPU, object), "--machine", BOARD, ...more).said;
    assert.match(await tried(empty), /^error: signet_port_\w+ has no body yet\nhint: /m);
    assert.match(
      await tried(stopped, "--within", "4"),
      /^error: no line of Signet in 1\.5 s; the core is in \w+ \(\S+:\d+\)\nhint: .*clock_ms must count/m,
    );
    const exchanged = signet("try", elf, "--machine", BOARD, "--module-uart", "1", "--console-uart", "0");
    assert.match(exchanged.said, /^error: commands for the module came on the console/m);
    // These need the device to come so far: seconds in which QEMU has a core for itself.
    if (!FULL) return;
    assert.match(await tried(forgetful), /^error: its flash does not keep .*; it pauses for 60 minutes/m);
    assert.match(await tried(lossy), /^error: bytes of the module were lost, again/m);
  });

  it("has the address of a factory page from the program's symbol", () => {
    const config = join(folder, "device.json");
    const key = "ab".repeat(32);
    const server = { host: "own.example", port: 443, audience: "own.example", keys: [key] };
    writeFileSync(config, JSON.stringify({ server, module: { family: "esp-at" } }));
    const hexFile = join(folder, "page.hex");
    assert.equal(signet("page", "--config", config, "--image", elf, "--out", hexFile).status, 0);
    const [segment] = hex.parse(readFileSync(hexFile, "utf8"), hexFile);
    assert.equal(segment?.address, 0x2100_0000);
    assert.equal(factory.read(segment.bytes).audience, "own.example");
    const binFile = join(folder, "page.bin");
    assert.equal(signet("page", "--config", config, "--out", binFile).status, 0);
    assert.equal(factory.read(readFileSync(binFile)).host, "own.example");
    assert.match(
      signet("page", "--config", config, "--out", hexFile).said,
      /^error: Intel HEX needs an address\nhint: /,
    );
  });
});

describe("an own program's flash", () => {
  /** The program with its store behind it, as on a chip that has one flash. */
  const inFlash = join(folder, "flash.elf");
  const STORE = 0x4_0000;

  it("is written whole, and nothing of the store", async () => {
    await run("arm-none-eabi-objcopy", ["-N", "signet_port_store", elf, inFlash]);
    await run("arm-none-eabi-objcopy", ["--add-symbol", `signet_port_store=${STORE},global`, inFlash]);
    const { board, segments } = await software.load(BOARD, inFlash);
    assert.deepEqual(board.store, { origin: STORE, pageBytes: OPTIONS.pageBytes, pages: OPTIONS.pages });
    const binary = join(folder, "flash.bin");
    await run("arm-none-eabi-objcopy", ["-O", "binary", elf, binary]);
    const written = Buffer.alloc(readFileSync(binary).length);
    for (const { address, bytes } of segments) written.set(bytes, address);
    assert.deepEqual(written, readFileSync(binary));
    await run("arm-none-eabi-objcopy", [
      "-N",
      "signet_port_store",
      "--add-symbol",
      "signet_port_store=0,global",
      elf,
      inFlash,
    ]);
    await assert.rejects(software.load(BOARD, inFlash), /contains pages of the store of one device/);
  });

  it("is inspected in a dump that begins with the program", async () => {
    await run("arm-none-eabi-objcopy", ["-N", "signet_port_store", elf, inFlash]);
    await run("arm-none-eabi-objcopy", ["--add-symbol", `signet_port_store=${STORE},global`, inFlash]);
    const dump = Buffer.alloc(STORE + OPTIONS.pageBytes * OPTIONS.pages, 0xff);
    const page = {
      link: "esp-at",
      host: "h",
      port: 1,
      audience: "own.example",
      serverKeys: [new Uint8Array(32)],
    } as const;
    dump.set(factory.write({ ...page, reportIntervalMs: 1 }), STORE);
    const cut = await storeIn(inFlash);
    const lines = inspectInput(cut(dump)).map((part) => part.map(([, value]) => value).join(", "));
    assert.match(lines[0]!, /^factory page, esp-at, h:1, audience own\.example/);
    assert.throws(() => cut(dump.subarray(1)), /the store is at 0x40000, and the dump has \d+ bytes from 0x0/);
  });
});

it(`an own main program has ${RECEIPTS} receipts and lives through its library's death; a board that was reset or is new is another device`, () =>
  play(elf, BOARD, async (scene) => {
    const { server, device, count, until } = scene;
    const find = await symbols(elf);
    // The free memory between heap and stack is painted while the device rests at its start.
    const gdb = await device.debug();
    const heapEnd = find("end").address + 4096;
    await gdb.write(heapEnd, Buffer.alloc(STACK_TOP - DEEPEST - heapEnd, PAINT));
    await gdb.detach();

    await until(() => count("accepted") >= RECEIPTS, `${RECEIPTS} receipts`);
    assert.ok(count("secured") >= 1, "not inside TLS");
    const [known] = await server.devices();
    const stored = await server.reports(known!.id);
    assert.ok(stored.length >= RECEIPTS);
    assert.deepEqual([known!.software, known!.version, known!.model], ["own-main", "1.0", "example"]);
    const command = (text: string): Promise<unknown> =>
      scene.post(`/v1/devices/${known!.id}/downlinks`, {
        data: Buffer.from(text).toString("hex"),
        expiresAt: Date.now() + 3_600_000,
      });
    await command("label");
    await until(() => device.lines.includes(known!.id.toUpperCase()), "the label");

    await command("access");
    await proveAccess(scene, known!.id);

    // A trap while the guest runs: only the guest calls this port.
    const again = await device.debug();
    const port = find("signet_port_uart_read").address;
    await again.breakAt([port]);
    assert.ok(await again.runToBreak("c", 10_000), "the guest never reads its module");
    await again.unbreak([port]);
    await again.setRegister(0, 0);
    await again.setRegister(15, find("trap").address & ~1);
    await again.detach();
    await until(() => count("alive") === 1, "alive after the death");
    assert.ok(
      device.lines.some((line) => line.startsWith("trap oob pc=")),
      "no reason",
    );
    const sofar = count("accepted");
    await until(() => count("accepted") >= sofar + 2, "reports after the death");
    assert.equal((await server.devices()).length, 1, "another identity");

    // The owner's factory reset, by a command: the last word of the key, then the erasure. The board has no noise: its seed goes too, and it makes no other key.
    const copied = await device.store();
    assert.ok(copied.some((byte) => byte !== 0xff));
    const reset = await device.debug();
    await reset.breakAt([find("signet_init").address & ~1]);
    await command("wipe");
    assert.ok(await reset.runToBreak("c", 60_000), "the program never begins again");
    const { address, size } = { address: find("signet_port_store").address, size: 16 * 4096 };
    const left = (await reset.read(address, size)).findIndex((byte) => byte !== 0xff);
    assert.equal(left, -1, `byte ${left} of the store is left`);
    await reset.unbreak([find("signet_init").address & ~1]);
    await reset.detach();
    assert.equal(count("wiped"), 1);

    // The server has the last word: it refuses the key from then on, by the device's own decision.
    assert.equal(count("left"), 1);
    assert.equal((await server.devices())[0]!.state, "revoked");
    const log = await server.store.read
      .selectFrom("audit")
      .select(["action", "actor"])
      .orderBy("seq", "desc")
      .execute();
    assert.deepEqual(log[0], { action: "leave", actor: "device" });
    await until(() => count("no-entropy") >= 1, "without a key after the reset");
    assert.equal(count("heap-harmed"), 0);

    const last = await device.debug();
    const free = await last.read(heapEnd, STACK_TOP - DEEPEST - heapEnd);
    await last.detach();
    const touched = free.findIndex((byte) => byte !== PAINT);
    assert.equal(touched, -1, `the stack reaches ${free.length + DEEPEST - touched} bytes deep`);
    await replaceBoards(scene, copied);
  }));
