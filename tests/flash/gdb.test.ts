// weight: 12 s, 0.5 cores
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadBoard } from "../../tools/firmware/board.ts";
import * as probes from "../../tools/flash/probes.ts";
import { memoryMap } from "../../tools/gdb/memory_map.ts";
import { frame, PACKET_MAX, ProtocolError, Splitter, unescape, type Item } from "../../tools/gdb/packet.ts";
import { Trouble } from "../../tools/trouble.ts";
import { Model, start, type Mood } from "./gdb_model.ts";

const RUNS = Number(process.env["SIGNET_FUZZ_GDB"] ?? 3000);
const SEED = 0x67646273;

const packets = (items: readonly Item[]): string[] =>
  items.flatMap((item) => (item.kind === "packet" ? [item.data.toString("latin1")] : []));

describe("packets", () => {
  it("as the manual has them", () => {
    assert.equal(frame("OK").toString("latin1"), "$OK#9a");
    assert.equal(frame("").toString("latin1"), "$#00");
    assert.equal(frame(Buffer.from("}#$*")).toString("latin1").slice(0, 9), "$}]}\x03}\x04}\n");
    // "0* " is "0000" (appendix E.1).
    assert.equal(unescape(Buffer.from("0* ")).toString("latin1"), "0000");
    assert.deepEqual(new Splitter().take(Buffer.from("+$OK#9a-%Stop:T05#00$OK#9b")), [
      { kind: "ack" },
      { kind: "packet", data: Buffer.from("OK") },
      { kind: "nak" },
      { kind: "spoiled" },
    ]);
  });

  it("come out as they went in, whatever the pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        (all, piece) => {
          const stream = Buffer.concat(all.map((bytes) => frame(bytes)));
          const splitter = new Splitter();
          const got: Item[] = [];
          for (let at = 0; at < stream.length; at += piece) got.push(...splitter.take(stream.subarray(at, at + piece)));
          assert.deepEqual(
            got,
            all.map((bytes) => ({ kind: "packet", data: Buffer.from(bytes) })),
          );
        },
      ),
      { numRuns: 200, seed: SEED },
    );
  });

  it("of any other kind are recognised or refused, within the limit of length", () => {
    const noise = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom("$", "#", "}", "*", "0*~", "%", "+", "-", "#00").map((text) => Buffer.from(text)),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(noise, (parts) => {
        const splitter = new Splitter();
        try {
          for (const part of parts)
            for (const item of splitter.take(part))
              if (item.kind === "packet") assert.ok(item.data.length <= PACKET_MAX + 97);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.throws(
      () => new Splitter().take(Buffer.concat([Buffer.from("$"), Buffer.alloc(PACKET_MAX + 1, 0x41)])),
      ProtocolError,
    );
    assert.throws(() => unescape(Buffer.from(`0${"*~".repeat(1000)}`)), ProtocolError);
    assert.deepEqual(packets(new Splitter().take(Buffer.from("noise$OK#9anoise"))), ["OK"]);
  });
});

describe("memory maps", () => {
  const flash = (attributes: string, block: string): string =>
    `<memory-map><memory type="ram" start="0x20000000" length="0x4000"/><memory type="flash" ${attributes}><property name="blocksize">${block}</property></memory></memory-map>`;

  it("describe the flash", () => {
    assert.deepEqual(memoryMap(flash('start="0x8000000" length="0x10000"', "0x4000")), [
      { start: 0x800_0000, bytes: 0x1_0000, blockBytes: 0x4000 },
    ]);
    assert.deepEqual(memoryMap(flash("start='0' length='1024'", "\n 512 \n")), [
      { start: 0, bytes: 1024, blockBytes: 512 },
    ]);
    assert.deepEqual(memoryMap(""), []);
  });

  it("that are contradictory are refused", () => {
    for (const [attributes, block] of [
      ['start="0" length="0"', "1"],
      ['start="0" length="1024"', "0"],
      ['start="0" length="1024"', "1000"],
      ['start="0xffffffff" length="0x400"', "0x400"],
      ['length="0x400"', "0x400"],
      ['start="x" length="0x400"', "0x400"],
      ['start="0" length="0x400"', "many"],
    ] as const)
      assert.throws(() => memoryMap(flash(attributes, block)), ProtocolError, `${attributes} ${block}`);
    assert.throws(() => memoryMap("x".repeat(100_000)), ProtocolError);
  });

  it("of any text lead to an answer", () => {
    const word = fc.constantFrom(
      "<memory",
      ">",
      "/>",
      "</memory>",
      ' type="flash"',
      ' start="0"',
      ' length="0x400"',
      '<property name="blocksize">',
      "0x400",
      "</property>",
      "<",
      '"',
      " ",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        try {
          memoryMap(words.join(""));
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

/** Firmware that only has a vector table. */
function firmware(): Buffer {
  const image = Buffer.from(Uint8Array.from({ length: 2500 }, (_, i) => i * 7));
  image.writeUInt32LE(0x2000_1000, 0);
  image.writeUInt32LE(0x0000_0201, 4);
  return image;
}

describe("a gdb server with flash, like Black Magic", () => {
  /** Flash a model; returns it. */
  async function flash(mood: Mood): Promise<Model> {
    const model = new Model(mood);
    model.flash.fill(0x11, 0x800, 0xc00);
    const { where, close } = await start(model);
    try {
      const probe = await probes.open(where, await loadBoard("microbit"), "microbit");
      assert.match(probe.name, /^Black Magic/);
      await probe.write(
        [
          { address: 0, bytes: firmware() },
          { address: 0x2000_0100, bytes: firmware().subarray(0, 256) },
          { address: 0x1400, bytes: Buffer.alloc(8, 0x24) },
        ],
        () => undefined,
      );
      await probe.reset();
    } finally {
      close();
    }
    return model;
  }

  const moods: Record<string, Mood> = {
    "without a fault": {},
    "byte by byte": { slowly: true },
    "that refuses each packet once": { naks: true },
    "that spoils each answer once": { spoils: true },
    "that shortens runs": { runs: true },
  };
  for (const [name, mood] of Object.entries(moods)) {
    it(`${name} writes an image in whole blocks, and keeps the rest of them`, { timeout: 20_000 }, async () => {
      const { flash: flashed, ram, done, counter, heard } = await flash(mood);
      assert.deepEqual(Buffer.from(flashed.subarray(0, 2500)), firmware());
      assert.ok(flashed.subarray(2500, 0xc00).every((byte) => byte === 0x11));
      assert.deepEqual(Buffer.from(flashed.subarray(0x1400, 0x1408)), Buffer.alloc(8, 0x24));
      assert.deepEqual(Buffer.from(ram.subarray(0x100, 0x200)), firmware().subarray(0, 256));
      assert.ok(done);
      assert.equal(counter, 0x200);
      assert.ok(heard.indexOf("vAttach;1") > heard.findIndex((text) => text.startsWith("qRcmd")));
      assert.equal(heard.at(-1), "D");
    });
  }

  // prettier-ignore
  const troubles: [name: string, mood: Mood, says: RegExp][] = [
    ["falls silent", { hangsUp: "vFlashWrite" }, /closed the connection/],
    ["cannot erase", { instead: ["vFlashErase", "E01"] }, /cannot be erased/],
    ["cannot write", { instead: ["vFlashWrite", "E01"] }, /cannot be written/],
    ["does not finish", { instead: ["vFlashDone", "E01"] }, /could not be written/],
    ["has worn flash", { worn: 0x123 }, /does not hold the written bytes at 0x123/],
    ["finds no chip", { instead: ["qRcmd,737764705f7363616e", ""] }, /finds no chip/],
    ["cannot attach", { instead: ["vAttach", "E01"] }, /did not halt after vAttach/],
    ["reads too little", { instead: ["m0,", "00"] }, /cannot be read/],
    ["sends an impossible map", { instead: ["qXfer", "l<memory type=\"flash\" start=\"0\" length=\"9\"></memory>"] }, /flash region/],
    ["sends a map without an end", { instead: ["qXfer", `m${"x".repeat(500)}`] }, /does not end/],
    ["answers monitor with nonsense", { instead: ["qRcmd", "nonsense"] }, /an answer to monitor/],
    ["does not know how to reset", { instead: ["vRun", ""] }, /did not halt after vRun/],
  ];
  for (const [name, mood, says] of troubles) {
    it(`that ${name}: the error names it`, { timeout: 20_000 }, async () => {
      await assert.rejects(flash(mood), (error) => {
        assert.ok(error instanceof Trouble, String(error));
        assert.match(error.message, says);
        assert.ok(error.hint);
        return true;
      });
    });
  }

  it("that does not answer is given a limited time", { timeout: 20_000 }, async () => {
    const before = Date.now();
    await assert.rejects(flash({ silentAfter: "qSupported" }), /did not answer qSupported:qXfer within 10 s/);
    assert.ok(Date.now() - before < 15_000);
  });

  it("receives the output of a program, and gives it no file", { timeout: 20_000 }, async () => {
    const model = new Model();
    const { where, close } = await start(model);
    try {
      const probe = await probes.open(where, await loadBoard("microbit"), "microbit");
      await probe.write([{ address: 0, bytes: firmware() }], () => undefined);
      model.says = ["@ boot\n", "@ key"];
      let said = "";
      await probe.listen((text) => (said += text), new Promise((resolve) => setTimeout(resolve, 500)));
      assert.equal(said, "@ boot\n@ key");
      assert.deepEqual(
        model.heard.filter((text) => text.startsWith("F")),
        ["F7", "F5"],
      );
    } finally {
      close();
    }
  });
});
