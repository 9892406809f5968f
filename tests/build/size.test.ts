// weight: 12 s, 0.8 cores
/** The measure of size: each byte of flash has a source, and the debugging information names lines of AssemblyScript. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildImage } from "../../tools/firmware/build.ts";
import { withLines } from "../../tools/firmware/origins.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { run } from "../../tools/firmware/run.ts";

const { elf, size } = await buildImage({ board: "mps2-an386", image: SIGNET });
const sum = (all: Record<string, number>): number => Object.values(all).reduce((total, bytes) => total + bytes, 0);

/** Bytes that belong to no source: the linker's padding. */
const PADDING_BYTES = 128;

test("each byte of flash has a source and a part", () => {
  assert.equal(sum(size.sources), sum(size.parts));
  assert.ok(sum(size.sources) <= size.flash && sum(size.sources) >= size.flash - PADDING_BYTES);
});

test("functions of the guest have instructions of their own file", async () => {
  const symbols = (await run("arm-none-eabi-nm", ["-S", elf])).matchAll(/^(\S+) (\S+) t w2c_(assembly_\w+)$/gm);
  const functions = [...symbols].map(([, at, bytes, name]) => {
    const addresses = Array.from(
      { length: Number.parseInt(bytes!, 16) / 2 },
      (_, i) => Number.parseInt(at!, 16) + 2 * i,
    );
    return { name: name!, addresses: addresses.map((address) => `0x${address.toString(16)}`) };
  });
  assert.ok(functions.length > 100, `${functions.length} functions`);
  const asked = functions.flatMap(({ addresses }) => addresses);
  const files = (await run("arm-none-eabi-addr2line", ["-a", "-e", elf, ...asked])).split(/^0x[0-9a-f]+\n/m).slice(1);
  const strange = functions.filter(({ name, addresses }) => {
    const own = files.splice(0, addresses.length).flatMap((file) => /(assembly\/\S+)\.ts:\d+/.exec(file)?.[1] ?? []);
    return !own.some((file) => name.startsWith(file.replaceAll(/\W/g, "_")));
  });
  // A function of one call of an inlined function has none.
  assert.ok(strange.length < functions.length / 20, strange.map(({ name }) => name).join(", "));
});

test("files of which every function is inlined count for themselves", async () => {
  const symbols = await run("arm-none-eabi-nm", [elf]);
  const hidden = Object.keys(size.sources).filter((file) => {
    const prefix = `w2c_${file.replace(/\.ts$/, "").replaceAll(/\W/g, "_")}_`;
    return file.startsWith("assembly/") && !symbols.includes(prefix);
  });
  assert.ok(
    hidden.some((file) => size.sources[file]! > 100),
    hidden.join(", "),
  );
});

test("statements that are not the module's instructions fail the build", () => {
  const text = "void f(void) {\n  var_i0 = 1u;\n  w2c_g(var_i0);\n}";
  const origins = [{ mark: "const", line: '3 "a.ts"' } as const, { mark: "call", line: '5 "b.ts"' } as const];
  assert.match(withLines(text, origins), /^#line 3 "a\.ts"\n {2}var_i0 = 1u;\n#line 5 "b\.ts"\n {2}w2c_g\(var_i0\);$/m);
  for (const wrong of [origins.slice(1), [...origins, origins[0]!], origins.toReversed()])
    assert.throws(() => withLines(text, wrong), /do not match/);
});
