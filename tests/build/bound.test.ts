/** Calls that share constants: which ones share a function, that no other call does, and that a wrong constant fails the build. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bind, type CFunction } from "../../tools/firmware/bound.ts";
import { layoutHeader } from "../../tools/firmware/guest.ts";
import { ROOT } from "../../tools/firmware/root.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-bound-"));
after(() => rmSync(folder, { recursive: true }));

const call = (at: string, value: string): string =>
  `  var_i0 = ${at};\n  var_i1 = ${value};\n  var_i0 = w2c_put(var_i0, var_i1);\n`;
const put: CFunction = {
  name: "w2c_put",
  result: "u32",
  parameters: "u32 var_p0, u32 var_p1",
  text: "  u32 var_i0 = 0;\n  var_i0 = 100u;\n  var_i0 *= var_p0;\n  var_i0 += var_p1;\n  return var_i0;\n",
};
/** Five calls that pass 5000, one that passes another number, one that passes none, and one behind a branch that changed the slot. */
const user: CFunction = {
  name: "w2c_user",
  result: "u32",
  parameters: "u32 var_p0",
  text: `  u32 var_i0, var_i1, var_i2;
${["1u", "2u", "3u", "var_p0", "var_p0"].map((value) => call("5000u", value)).join("")}${call("6000u", "1u")}${call("var_p0", "1u")}  var_i2 = 5000u;
  if (var_p0) {
    var_i2 = 7u;
  }
  var_i1 = 9u;
  var_i0 = w2c_put(var_i2, var_i1);
  return var_i0;
`,
};

/** Compile both functions for a core; the errors. */
function compile(thunks: readonly string[], texts: readonly string[], flags: readonly string[]): string {
  writeFileSync(join(folder, "layout.h"), layoutHeader(1000, ""));
  const heads = [put, user].map(({ name, result, parameters }) => `COLD static ${result} ${name}(${parameters})`);
  const source = [
    '#include "words.h"',
    ...heads.map((head) => `${head};`),
    ...thunks,
    ...heads.map((head, i) => `${head} {\n${texts[i]}}`),
    "u32 entry(u32 p); u32 entry(u32 p) { return w2c_user(p); }\n",
  ].join("\n");
  const common = ["-Os", "-Wno-unused", `-I${folder}`, "-Iboards/common", "-c", "-x", "c", "-", "-o", "/dev/null"];
  return spawnSync("arm-none-eabi-gcc", [...flags, ...common], { cwd: ROOT, input: source, encoding: "utf8" }).stderr;
}

const CORES = [
  ["-mcpu=cortex-m0", "-mthumb"],
  ["-mcpu=cortex-m4", "-mthumb"],
];

test("calls with the same constant share a function, and no other call does", () => {
  const { thunks, texts } = bind([put, user], () => true);
  assert.equal(thunks.length, 1);
  assert.match(thunks[0]!, /thunk_w2c_put_0\(u32 p1\) \{\n {2}return w2c_put\(5000u, p1\);\n\}/);
  const calls = [...texts[1]!.matchAll(/\w+\(var_i\d, var_i1\)/g)].map(([text]) => text);
  assert.deepEqual(calls, [
    ...Array<string>(5).fill("bound_w2c_put_0(var_i0, var_i1)"),
    "w2c_put(var_i0, var_i1)",
    "w2c_put(var_i0, var_i1)",
    "w2c_put(var_i2, var_i1)",
  ]);
  for (const flags of CORES) assert.equal(compile(thunks, texts, flags), "");
});

test("a call with another constant than its function passes fails the build", () => {
  const { thunks, texts } = bind([put, user], () => true);
  for (const [from, to] of [
    ["var_i0 = 5000u;", "var_i0 = 5001u;"],
    ["w2c_put(var_i2, var_i1)", "bound_w2c_put_0(var_i2, var_i1)"],
  ] as const) {
    const planted = texts.map((text) => text.replace(from, to));
    for (const flags of CORES) assert.match(compile(thunks, planted, flags), /the generator is wrong about a constant/);
  }
});

test("functions that are to be fast keep their calls", () => {
  const { thunks, texts } = bind([put, user], ({ name }) => name === "w2c_put");
  assert.deepEqual([thunks, texts], [[], [put.text, user.text]]);
});
