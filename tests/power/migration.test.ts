// weight: 15 s, 1 core
/** Stores of version 2, made by the firmware of the commit that `version_2.json` names, in the hands of this one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { inflateRawSync } from "node:zlib";
import { Flash, type FlashShape, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { id } from "../../tools/wire/key.ts";
import * as store from "../../tools/wire/store.ts";
import { numbers } from "./image.ts";
import { live, page } from "./life.ts";
import { named, start } from "./start.ts";
import { type Memory, Witness } from "./witness.ts";

interface Stored {
  readonly name: string;
  readonly pageBytes: number;
  readonly pages: number;
  readonly server: {
    readonly key: string;
    readonly boots: number;
    readonly rotations: number;
    readonly head: { readonly counter: number; readonly hash: string };
  };
  readonly numbers: Readonly<Record<string, number>>;
  /** The pages after the factory page, deflated. */
  readonly store: string;
}

const { commit, images } = JSON.parse(readFileSync("tests/power/version_2.json", "utf8")) as {
  readonly commit: string;
  readonly images: readonly Stored[];
};

/** The server as it was when the image was made. */
function memory({ server }: Stored): Memory {
  const head = { counter: server.head.counter, hash: fromHex(server.head.hash)! };
  const seen = new Map([[head.counter, server.head.hash]]);
  return {
    ...new Witness().memory,
    key: fromHex(server.key)!,
    boots: server.boots,
    rotations: server.rotations,
    head,
    seen,
  };
}

function flashOf(stored: Stored, unitBytes: 4 | 8, seed = 1): Flash {
  const { pageBytes, pages } = stored;
  const flash = new Flash({ pageBytes, pages, unitBytes } satisfies FlashShape, seed);
  flash.provision(page(new Witness()));
  flash.bytes.set(inflateRawSync(Buffer.from(stored.store, "base64")), pageBytes);
  return flash;
}

function checkSame(stored: Stored, flash: Flash, where: string): void {
  const guest = start(flash);
  assert.equal(hex(named(guest, "key-loaded") ?? new Uint8Array(0)), hex(id(fromHex(stored.server.key)!)), where);
  const after = store.read(flash.bytes, stored.pageBytes);
  assert.deepEqual([after.state, after.damaged, after.pair.length], ["in use", 0, 2], where);
  assert.ok(
    after.pair.every(({ version }) => version === 3),
    where,
  );
  const now = numbers(after);
  for (const [name, number] of Object.entries(stored.numbers))
    assert.ok(now.get(name)! >= number + Number(name === "boots"), `${where}: ${name}`);
}

describe(`stores of version 2, made at ${commit}`, () => {
  for (const stored of images) {
    it(`${stored.name}: the device keeps its identity in this version`, () => {
      for (const unitBytes of [4, 8] as const) {
        const flash = flashOf(stored, unitBytes);
        const before = store.read(flash.bytes, stored.pageBytes);
        assert.deepEqual([before.state, before.pair.length, before.pair[0]!.version], ["in use", 1, 2]);
        assert.deepEqual(Object.fromEntries(numbers(before)), stored.numbers);
        checkSame(stored, flash, "first start");
        const witness = new Witness();
        witness.memory = memory(stored);
        live(flash, witness, 2, 1);
        live(flash, witness, 1, 2);
        // Version 2 kept a command's counter alone.
        const counter = stored.numbers["command"];
        assert.deepEqual(witness.ack, counter === undefined ? undefined : { counter, hash: new Uint8Array(8) });
        assert.equal(witness.memory.rotations, stored.server.rotations);
      }
    });

    it(`${stored.name}: a cut at any operation of the first start loses nothing`, () => {
      for (const unitBytes of [4, 8] as const) {
        const whole = flashOf(stored, unitBytes);
        start(whole);
        assert.ok(whole.operations > 40);
        for (let operation = 0; operation < whole.operations; operation++) {
          for (const moment of MOMENTS) {
            const flash = flashOf(stored, unitBytes, operation + 1);
            flash.cut = { operation, moment };
            assert.throws(() => start(flash), PowerCut);
            flash.cut = undefined;
            checkSame(stored, flash, `operation ${operation}, ${moment}, units of ${unitBytes}`);
          }
        }
      }
    });
  }

  it("without any readable head are lost, not new", () => {
    const flash = flashOf(images[1]!, 8);
    flash.bytes[images[1]!.pageBytes]! ^= 1;
    assert.ok(named(start(flash), "identity-lost"));
    assert.equal(flash.operations, 0);
  });
});
