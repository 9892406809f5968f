import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COMPILED, RULES } from "../../tools/check/check.ts";
import { TOOLS_MAY_IMPORT } from "../../tools/check/rules/layers.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { TABLE_NAMES, outputs } from "../../tools/facts/generate.ts";
import { generate } from "../../tools/generate/at.ts";

const CONFIG = "export const ROOM: u32 = 16;\nexport const WAIT_MS: u32 = 500;\n";
const STEPS = ["Sync", "Reset", "HangUp", "Connect", "Send", "Read"].map((name) => [name, ["AT", "WAIT_MS", "Ok"]]);
const VOCABULARY = JSON.stringify({ prefix: "+X", steps: Object.fromEntries(STEPS), words: {} });

/** The places of all tables of facts in a README. */
const PLACES = TABLE_NAMES.map((name) => `<!-- facts: ${name} -->\n<!-- end -->\n`).join("");

/** A tree with nothing wrong in it, over which each case lays its violation. */
const GOOD: Record<string, string> = {
  ...Object.fromEntries([...outputs()].map(([path, make]) => [path, make(PLACES)!])),
  "assembly/README.md": "# Firmware",
  "assembly/config.ts": CONFIG,
  "assembly/main.ts": `export { poll } from "./device/life";\n`,
  "assembly/device/life.ts": `import * as uart from "../port/uart";\nimport { copy } from "../lib/bytes";\n`,
  "assembly/crypto/README.md": "",
  "assembly/crypto/_fe.ts": "/** CT: nothing leaks. */\nexport function add(out: usize): void {}\n",
  "assembly/crypto/curve.ts": `/** CT: lengths leak. */\nimport { add } from "./_fe";\nimport { copy } from "../lib/bytes";\n`,
  "assembly/exchange/README.md": "",
  "assembly/lib/README.md": "",
  "assembly/lib/bytes.ts": `import { ROOM } from "../config";\nconst arena = memory.data<u8>([1, "two"]);\n@unmanaged\nexport class Reader { at: u32; }\nconst AT = offsetof<Reader>("at");\nif (ROOM < 8) ERROR("ROOM must be at least 8: a word");\n`,
  "assembly/link/at/x.json": VOCABULARY,
  "assembly/link/at/_x.ts": generate(VOCABULARY, CONFIG),
  "assembly/port/README.md": "",
  "assembly/port/uart.ts": `@external("uart", "read")\nexport declare function read(): u32;\n`,
  "README.md": "| a decision | [`tools/wire/kind.ts`](tools/wire/kind.ts), type `Kind` | `type Kind = 1` |\n",
  "SECURITY.md": "| shown by | `tests/wire/cbor`: decode; `tests/wire` |\n",
  "boards/README.md": "",
  "boards/microbit/board.ts": "export default {};\n",
  "boards/common/start.c": `#include "guest.h"\n#if CORE_MPU\n#endif\n`,
  "boards/common/start.h": `#include "stack.h"\n`,
  "boards/common/stack.c": `#include "stack.h"\n#include "chip.h"\n`,
  "boards/common/stack.h": "",
  "boards/common/guest.h": "",
  "boards/common/guest.c": `#include "guest.h"\n#include "stack.h"\n`,
  "boards/chips/one/chip.h": "",
  "boards/chips/two/chip.h": "",
  "tests/build/README.md": "",
  "tests/build/guards.test.ts": `const PLANTED = [["assembly/config.ts", "ROOM must be at least 8"]];\n`,
  "tests/wire/README.md": "",
  "tests/wire/cbor.test.ts": `it("decode what was encoded", () => {});\n`,
  "tools/wire/README.md": "",
  "tools/wire/cbor.ts": `import type { Kind } from "./kind.ts";\nexport const decode = (): Kind => 1;\n`,
  "tools/wire/kind.ts": "export type Kind = 1;\n",
  "tools/server/README.md": "",
  "tools/server/server.ts": `import { decode } from "../wire/cbor.ts";\nconst page = "tools/wire/cbor.ts";\n`,
  "tools/check/README.md": "",
  "tools/check/list.ts": `const programs = ["tools", "tests"];\n`,
};

/** Each planted violation: what is laid over the good tree, and the rule (and no other) that must find it there. */
const PLANTED: [what: string, rule: string, path: string, text: string][] = [
  [
    "crypto depends on identity",
    "layers",
    "assembly/crypto/curve.ts",
    `/** CT: */\nimport { x } from "../identity/report";\n`,
  ],
  ["lib depends on crypto", "layers", "assembly/lib/bytes.ts", `import { add } from "../crypto/curve";\n`],
  ["link depends on tls", "layers", "assembly/link/http.ts", `import { open } from "../tls/client";\n`],
  [
    "a protocol touches a port",
    "layers",
    "assembly/crypto/curve.ts",
    `/** CT: */\nimport { read } from "../port/uart";\n`,
  ],
  ["config imports", "layers", "assembly/config.ts", `import { copy } from "./lib/bytes";\n`],
  ["an unknown room", "layers", "assembly/extra/thing.ts", `import { copy } from "../lib/bytes";\n`],
  [
    "the device reaches into the user's code",
    "layers",
    "assembly/device/life.ts",
    `import { blink } from "../app/led";\n`,
  ],
  ["tools import assembly", "layers", "tools/wire/cbor.ts", `import { copy } from "../../assembly/lib/bytes.ts";\n`],
  ["assembly imports tools", "layers", "assembly/lib/bytes.ts", `import { decode } from "../../tools/wire/cbor.ts";\n`],
  ["tools import tests", "layers", "tools/wire/cbor.ts", `import { plant } from "../../tests/server/plant.ts";\n`],
  ["wire depends on server", "layers", "tools/wire/cbor.ts", `import { serve } from "../server/server.ts";\n`],
  [
    "wire depends on a type of server",
    "layers",
    "tools/wire/cbor.ts",
    `import type { S } from "../server/server.ts";\n`,
  ],
  ["wire loads server when it runs", "layers", "tools/wire/cbor.ts", `await import("../server/server.ts");\n`],
  ["the store depends on its server", "layers", "tools/server/store/a.ts", `import { serve } from "../server.ts";\n`],
  ["an unknown room of the tools", "layers", "tools/extra/x.ts", `import { decode } from "../wire/cbor.ts";\n`],
  ["wire names server by its path", "named", "tools/wire/cbor.ts", `const x = "tools/server/server.ts";\n`],
  ["wire names server from its own folder", "named", "tools/wire/cbor.ts", `new URL("../server/server.ts", here);\n`],
  ["wire names server in pieces", "named", "tools/wire/cbor.ts", `join(ROOT, "tools", "server", "server.ts");\n`],
  ["a tool names a test", "named", "tools/server/server.ts", `const x = "tests/lab/guest.ts";\n`],
  ["a tool names a test in pieces", "named", "tools/server/server.ts", `join(ROOT, "tests", "lab");\n`],
  ["a tool names the tests", "named", "tools/server/server.ts", `filesBelow("tests");\n`],
  ["a long file", "lengths", "tools/wire/cbor.ts", "export {};\n".repeat(401)],
  ["a long file of C", "lengths", "boards/common/start.c", "\n".repeat(401)],
  ["a stranger imports _fe", "siblings", "assembly/tls/client.ts", `import { add } from "../crypto/_fe";\n`],
  ["a stranger imports _x.ts in tools", "siblings", "tools/server/app.ts", `import { x } from "../wire/_x.ts";\n`],
  [
    "two files import each other",
    "cycles",
    "assembly/lib/bytes.ts",
    `import { b } from "./words";\nimport { c } from "./bytes";\n`,
  ],
  ["two files import each other's types", "cycles", "tools/wire/kind.ts", `import type { D } from "./cbor.ts";\n`],
  ["two headers include each other", "cycles", "boards/common/stack.h", `#include "start.h"\n`],
  [
    "a source includes the header of a unit that includes its own",
    "cycles",
    "boards/common/guest.c",
    `#include "start.h"\n`,
  ],
  ["a chip's header that leads back", "cycles", "boards/chips/one/chip.h", `#include "stack.h"\n`],
  ["a file that passes on", "barrels", "tools/wire/all.ts", `export * from "./cbor.ts";\n`],
  ["a file that passes on names", "barrels", "assembly/lib/all.ts", `export { copy } from "./bytes";\n`],
  ["an index", "barrels", "tools/wire/index.ts", "export const x = 1;\n"],
  ["new", "device", "assembly/lib/bytes.ts", "const x = new Reader();\n"],
  ["a string", "device", "assembly/lib/bytes.ts", `const x = "text";\n`],
  ["a template", "device", "assembly/lib/bytes.ts", "const x = `text`;\n"],
  ["an array", "device", "assembly/lib/bytes.ts", "const x = [1, 2];\n"],
  ["an arrow function", "device", "assembly/lib/bytes.ts", "const x = (): u32 => 1;\n"],
  ["a function in a function", "device", "assembly/lib/bytes.ts", "function f(): void { function g(): void {} }\n"],
  ["throw", "device", "assembly/lib/bytes.ts", "function f(): void { throw 1; }\n"],
  ["try", "device", "assembly/lib/bytes.ts", "function f(): void { try { g(); } finally { } }\n"],
  ["memory.grow", "device", "assembly/lib/bytes.ts", "memory.grow(1);\n"],
  ["a call at module level", "device", "assembly/lib/bytes.ts", "export const SIZE: u32 = sizeOf(4);\n"],
  [
    "a call of another module at module level",
    "device",
    "assembly/lib/bytes.ts",
    "export const SIZE: u32 = 2 * key.size(4);\n",
  ],
  ["a managed class", "device", "assembly/lib/bytes.ts", "export class Reader {}\n"],
  ["an enum that is not const", "device", "assembly/lib/bytes.ts", "export enum Kind { A }\n"],
  ["if on a secret", "secrets", "assembly/lib/bytes.ts", "function f(bit: u32): void { if (bit != 0) g(); }\n"],
  ["?: on a secret", "secrets", "assembly/lib/bytes.ts", "function f(signBit: u32): u32 { return signBit ? 1 : 2; }\n"],
  [
    "&& on a secret",
    "secrets",
    "assembly/lib/bytes.ts",
    "function f(mask: u32): bool { return (mask & 1) != 0 && g(); }\n",
  ],
  [
    "a load at a secret",
    "secrets",
    "assembly/lib/bytes.ts",
    "function f(at: usize, bit: u32): u32 { return load<u32>(at + bit); }\n",
  ],
  [
    "a division by a secret",
    "secrets",
    "assembly/lib/bytes.ts",
    "function f(x: u32, keySecret: u32): u32 { return x % keySecret; }\n",
  ],
  ["a secret bool", "secrets", "assembly/lib/bytes.ts", "function f(bit: bool): void {}\n"],
  ["no CT line", "constant-time", "assembly/crypto/_fe.ts", "/** Add. */\nexport function add(out: usize): void {}\n"],
  ["a board's name in an #if", "boards", "boards/common/start.c", "#ifdef BOARD_MICROBIT\n#endif\n"],
  ["a folder without README", "readmes", "tools/modem/modem.ts", "export const x = 1;\n"],
  ["a leftover marker", "markers", "tools/wire/cbor.ts", `// ${"TO"}${"DO"}: later\n`],
  ...["<".repeat(7) + " HEAD", "|".repeat(7) + " base", "=".repeat(7), ">".repeat(7) + " theirs"].map(
    (marker): [string, string, string, string] => [
      `a conflict of Git, ${marker}`,
      "markers",
      "CHANGELOG.md",
      `text\n${marker}\ntext\n`,
    ],
  ),
  ["a comment that begins with Who", "language", "tools/wire/cbor.ts", "/** Who decodes. */\nexport {};\n"],
  ["a comment of several lines", "language", "assembly/lib/bytes.ts", "/**\n * What is\n * copied.\n */\n"],
  ["a line comment that begins with Whether", "language", "boards/common/start.c", "  // Whether it starts\n"],
  [
    "a later sentence that begins with What",
    "language",
    "tools/wire/cbor.ts",
    "/** Decode it. What is left stays. */\n",
  ],
  [
    "a line that has Only then in it",
    "language",
    "tools/wire/README.md",
    "It reads the head. Only then does it\nend.\n",
  ],
  ["a comment with nobody in it", "language", "tools/wire/cbor.ts", "// The memory that nobody\n// has taken\n"],
  ["a comment with can not in it", "language", "tools/wire/cbor.ts", "// The byte can\n// not be read\n"],
  ["a paragraph that begins with So that", "language", "tools/wire/README.md", "# x\n\nSo that it decodes.\n"],
  ["an item that begins with What", "language", "tools/wire/README.md", "text\n- What is decoded\n"],
  ["a cell that begins with Who", "language", "tools/wire/README.md", "| a | b |\n| Who decodes | c |\n"],
  ["an item with So is the", "language", "tools/wire/README.md", "- It is void. So is the other.\n"],
  ["so do the, over two lines", "language", "tools/wire/README.md", "It is read, and so do\nthe others.\n"],
  ["a comment with nor does it", "language", "tools/wire/cbor.ts", "// It is not read, nor does it\n// count\n"],
  ["a text that begins with What", "language", "tools/wire/cbor.ts", `export const x = "what the decoder reads";\n`],
  ["a title with nobody in it", "language", "tests/wire/cbor.test.ts", `it("read by nobody at all", () => {});\n`],
  ["a path of one machine", "places", "tools/wire/cbor.ts", `const x = "${"/ro"}${"ot/"}x";\n`],
  [
    "a guard without a violation",
    "guards",
    "assembly/lib/words.ts",
    `import { ROOM } from "../config";\nif (ROOM > 99) ERROR("ROOM must be at most 99: a page");\n`,
  ],
  [
    "a walk to a line that is gone",
    "walks",
    "README.md",
    "| a decision | [`tools/wire/cbor.ts`](tools/wire/cbor.ts) | `decode(bytes)` |\n",
  ],
  ["a file that does not exist, for compliance", "promises", "COMPLIANCE.md", "| `tools/none.ts` |\n"],
  ["a suite that does not exist, for compliance", "promises", "COMPLIANCE.md", "| `tests/wire/cose` |\n"],
  ["a suite that does not exist", "promises", "SECURITY.md", "(`tests/wire/cose`)\n"],
  ["a test that does not exist", "promises", "SECURITY.md", "| `tests/wire/cbor`: what was encoded |\n"],
  ["a table that is out of date", "generated", "assembly/link/at/_x.ts", "export const x = 1;\n"],
  ...[...outputs().keys()].map((path): [string, string, string, string] => [
    "facts that drifted",
    "generated",
    path,
    "",
  ]),
  [
    "states that changed places",
    "generated",
    "boards/common/signet_facts.h",
    "enum signet_status { SIGNET_IDLE = 5 };\n",
  ],
  ["a label written by hand", "copies", "tools/wire/cbor.ts", "export const decode = (): number => -70003;\n"],
  ["Ok written by hand", "copies", "boards/common/start.c", "enum { OK = 0x5a3c96c3 };\n"],
  ["a registry's host", "places", "README.md", `see https:${"//registry."}npmjs.org\n`],
];

describe("rules", () => {
  it("accept question words inside sentences, in code and in headings", () => {
    const text = "# What it does\n\nIt says what\nWhat continues a line, and\n\n```\nWhat code says\n```\n\nWhat if?\n";
    const code = `const x = "// What";\n/** Tell who it is. Then: What is it? */\n// Who is it?\n`;
    const tree = new Map(Object.entries({ ...GOOD, "tools/wire/README.md": text, "tools/wire/more.ts": code }));
    assert.deepEqual(
      RULES.flatMap(({ find }) => find(tree)),
      [],
    );
  });

  it("find nothing in a good tree", () => {
    const tree = new Map(Object.entries(GOOD));
    for (const { name, find } of RULES) assert.deepEqual(find(tree), [], name);
  });

  for (const [what, rule, path, text] of PLANTED) {
    it(`${rule}: ${what}`, () => {
      const tree = new Map(Object.entries({ ...GOOD, [path]: text }));
      const finders = RULES.filter(({ find }) => find(tree).some((finding) => path.startsWith(finding.path)));
      assert.ok(
        finders.some(({ name }) => name === rule),
        `found by ${finders.map(({ name }) => name).join(", ") || "none"}`,
      );
    });
  }

  it("accept a long file that states a reason, and a generated one", () => {
    const long = "export {};\n".repeat(401);
    for (const head of ["// Longer than 400 lines: one list.\n", "// node --import tsx tools/generate/x.ts\n"]) {
      const tree = new Map(Object.entries({ ...GOOD, "tools/wire/cbor.ts": head + long }));
      assert.deepEqual(
        RULES.flatMap(({ find }) => find(tree)),
        [],
      );
    }
  });

  it("let each folder of the tools depend only on folders above it, so that there are no cycles", () => {
    const rooms = Object.keys(TOOLS_MAY_IMPORT);
    for (const [at, room] of rooms.entries())
      for (const below of TOOLS_MAY_IMPORT[room]!) assert.ok(rooms.slice(0, at).includes(below), `${room}: ${below}`);
  });

  it("every rule has a planted violation", () => {
    assert.deepEqual(
      RULES.map(({ name }) => name).filter((name) => !PLANTED.some(([, rule]) => rule === name)),
      [],
    );
  });
});

describe("the compiler's part of the check", () => {
  it("compiles with each choice, and without it", () => {
    const rows = COMPILED.map(([, ...choices]): readonly string[] => choices);
    for (const name of Object.keys(CHOICES))
      assert.deepEqual(new Set(rows.map((row) => row.includes(name))), new Set([true, false]), name);
  });
});
