// weight: 35 s, 1 core
/** The histories can fail: each rule of the server, taken out of a copy of it, is missed within some hundred histories. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../tools/firmware/root.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import type { Half } from "./history.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly half: Half;
  /** The first seed; each seed is a shard of 100. */
  readonly seed: number;
  readonly count: number;
  /** The expected words about the first history that fails. */
  readonly found: RegExp;
}

const MUTANTS: readonly Mutant[] = [
  {
    name: "reports of any session are taken",
    file: "tools/server/reporting.ts",
    from: "equal(claims.session, device.session)",
    to: "claims.session.length > 0",
    half: "honest",
    seed: 1,
    count: 600,
    found: /suspected of being cloned/,
  },
  {
    name: "the server doubts no session",
    file: "tools/server/session.ts",
    from: 'return namedEpoch !== undefined && head === "stored" ? ["two-lives"] : ["went-back"];',
    to: "return [];",
    half: "clone",
    seed: 1,
    count: 60,
    found: /the clone was not found/,
  },
  {
    name: "replaced keys may be used",
    file: "tools/server/enrolling.ts",
    from: 'if (known?.state === "replaced") await this.noteReplaced(message);',
    to: "",
    half: "clone",
    seed: 2,
    count: 200,
    found: /the clone was not found/,
  },
  {
    name: "a key that is not known is a new one",
    file: "tools/server/enrolling.ts",
    from: "handover && (await rotation.take(tx, gate.options, handover, fresh));",
    to: "undefined;",
    half: "honest",
    seed: 1,
    count: 200,
    found: /the device is \S+, and the server has/,
  },
];

/** The files that a copy shares with the tree. */
const SHARED = [
  "assembly",
  "asconfig.json",
  "build",
  "node_modules",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

const folder = join(ROOT, "build", "mutants", String(process.pid));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Make a copy of the server and of the histories in which one text is another. */
function copy({ file, from, to }: Mutant, name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, "tests"), { recursive: true });
  cpSync(join(ROOT, "tools"), join(root, "tools"), { recursive: true });
  cpSync(join(ROOT, "tests/honest"), join(root, "tests/honest"), { recursive: true });
  for (const shared of SHARED) symlinkSync(join(ROOT, shared), join(root, shared));
  const text = readFileSync(join(root, file), "utf8");
  assert.equal(text.split(from).length, 2, `${file} has no single ${from}`);
  writeFileSync(join(root, file), text.replace(from, to));
  return root;
}

await firmware(SIGNET.entry);

for (const [i, mutant] of MUTANTS.entries()) {
  test(`detects that ${mutant.name}`, (t) => {
    const root = copy(mutant, String(i));
    const hunt = [
      "--import",
      "./tools/load.mjs",
      "tests/honest/hunt.ts",
      "--as-is",
      mutant.half,
      String(mutant.seed),
      String(mutant.count),
    ];
    const { stdout, stderr, status } = spawnSync(process.execPath, hunt, { cwd: root, encoding: "utf8" });
    assert.equal(status, 1, `not noticed in ${mutant.count} histories\n${stdout}${stderr}`);
    assert.match(stdout, mutant.found);
    t.diagnostic(stdout.split("\n")[0]!);
  });
}
