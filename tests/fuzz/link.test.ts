// weight: 20 s, 0.9 cores
/**
 * Coverage-guided conversations of the drivers for AT modules with modules that do what the input says, compiled for the host with
 * sanitizers: `link.c` says what must hold. SIGNET_FUZZ_LINK says how many.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CHOSEN, adding } from "../../tools/facts/family.ts";
import { buildHost } from "../../tools/firmware/host.ts";
import { FAMILIES } from "../../tools/modem/families.ts";
import { LINK } from "./kinds.ts";
import { lacking } from "./tools.ts";

const INPUTS = Number(process.env["SIGNET_FUZZ_LINK"] ?? 4000);
const LONGEST = 800;
/** An input that takes longer hangs. */
const HANG_S = 20;

/** An input that was a finding: the rest of a block, whose connection was lost, was given to the application. */
const LOST = [
  "0a0000000000000000ffffffffffffffffffffffffffafafafafafafafafafafafafafafafafafafafafafafafafafafafad",
  "afafffffffffffffffffffffffffff54babababababababababababababa20b066e86f550000bababaffffffffffffffffff",
  "000000000000000000c16acae76fbababa5500ba00baba0100ab9017fc0064b00dba005b0042424241542b43495056454152",
  "415443443d4242424242424242424242424242424242424242422742424242424242422af042424242424242424242424242",
  "4242424242009595952895b59700009595ff",
].join("");

describe("the drivers for AT modules on the host", { skip: lacking() }, () => {
  let program: string;
  let folder: string;
  const fuzz = (env: Record<string, string>, ...args: string[]) =>
    spawnSync(
      program,
      [
        ...args,
        "-seed=1",
        "-len_control=0",
        `-max_len=${LONGEST}`,
        `-timeout=${HANG_S}`,
        `-artifact_prefix=${folder}/`,
      ],
      { encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 1 << 28 },
    );

  before(async () => {
    const use: Record<string, number> = Object.assign({}, ...CHOSEN.map((family) => adding(family)));
    const image = { name: "link", entry: "tests/fuzz/guest_link.ts", main: LINK.main! };
    program = await buildHost({ image, kind: LINK, use });
    folder = mkdtempSync(join(tmpdir(), "signet-link-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  test(`${INPUTS} inputs lose no byte while Open, and each module is found again`, (context) => {
    const { status, stderr } = fuzz({}, `-runs=${INPUTS}`);
    assert.equal(status, 0, stderr.slice(-4000));
    context.diagnostic(stderr.split("\n").findLast((line) => line.includes("cov:")) ?? "");
    const carried = /^bytes carried: (.*)$/m.exec(stderr)?.[1];
    assert.ok(carried !== undefined, stderr.slice(-2000));
    context.diagnostic(`bytes carried: ${carried}`);
    const counts = new Map(carried.split(" ").flatMap((word, i, all) => (i % 2 ? [[all[i - 1]!, Number(word)]] : [])));
    assert.deepEqual([...counts.keys()].toSorted(), Object.keys(FAMILIES).toSorted());
    for (const [family, count] of counts) assert.ok(count > 0, `${family} carried ${count} bytes`);
  });

  test("a block whose connection was lost gives no byte to the application", () => {
    const file = join(folder, "lost");
    writeFileSync(file, Buffer.from(LOST, "hex"));
    const { status, stderr } = fuzz({}, file);
    assert.equal(status, 0, stderr.slice(-2000));
  });

  test("a module that loses a byte is detected", () => {
    const { status, stderr } = fuzz({ SIGNET_PLANTED: "1" }, `-runs=${INPUTS}`);
    assert.notEqual(status, 0);
    assert.match(stderr, /^\S+: a byte for the peer is not the next one$/m);
  });
});
