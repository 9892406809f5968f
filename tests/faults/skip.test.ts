// weight: 64 s, 1 core
/**
 * Single faults on the final ELFs: an instruction skipped, a branch that goes the other way, a register that reads zero. None
 * may open a door, and none may give the key away. SIGNET_FULL asks for every fault on every board; without it a slice is
 * run, which SIGNET_SEED chooses.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Attack, answers, handshakes, plantedSignature, signatures, wideHandshakes } from "./attacks.ts";
import { BOARDS, type Campaign, type FaultKind, imageOf, inject, type Run } from "./campaign.ts";
import { type Fate, fateOf, signing } from "./leaks.ts";
import { Op } from "./op.ts";
import TLS from "../tls/image.ts";
import { FULL } from "../full.ts";

const boards = process.env["SIGNET_BOARDS"]?.split(",") ?? (FULL ? BOARDS : ["microbit", "mps2-an386"]);
/** A short run takes every so many faults, beginning with this one. */
const SEED = Number(process.env["SIGNET_SEED"] ?? 20_784);
const ALL: readonly FaultKind[] = ["skip", "invert", "zero"];

type Slice = Pick<Campaign, "kinds" | "every" | "offset">;

/** The M0 takes five times what the M4 does, and is given fewer faults. */
function slice(board: string, kinds: readonly FaultKind[], least: number): Slice {
  const every = board === "microbit" ? 5 * least : least;
  return FULL ? { kinds } : { kinds, every, offset: SEED % every };
}

/** Describe the places of runs. */
function places(runs: readonly Run[]): string {
  return runs
    .map(
      (run) =>
        `${run.kind}${run.kind === "zero" ? ` r${run.register}` : ""} at ${run.address.toString(16)}, ${run.last ? "last" : "first"}`,
    )
    .join("; ");
}

async function opened(
  elf: string,
  board: string,
  attack: Attack,
  faults: Slice,
): Promise<{ count: number; bad: Run[] }> {
  const { before = [], targets, apart } = attack;
  const { golden, runs } = await inject({ elf, board, before, targets, ...(apart && { apart }), ...faults }, FULL);
  assert.ok(attack.isRefused(golden), `${attack.name}: without a fault it is answered ${golden.result}`);
  assert.ok(runs.length > 0);
  return { count: runs.length, bad: runs.filter((run) => attack.isOpened(run)) };
}

/** The faults of a signature, and what became of each. */
async function signed(elf: string, board: string, op: Op, faults: Slice): Promise<Map<Fate, Run[]>> {
  const [one, other] = await Promise.all(signing(op).map((pair) => inject({ elf, board, ...pair, ...faults }, FULL)));
  const goldens = [one!.golden, other!.golden];
  assert.equal(fateOf(goldens, goldens), "genuine");
  const name = ({ kind, register, address, last }: Run): string => `${kind} ${register} ${address} ${last}`;
  const pairs = new Map<string, [Run | undefined, Run | undefined]>();
  for (const run of one!.runs) pairs.set(name(run), [run, undefined]);
  for (const run of other!.runs) pairs.set(name(run), [pairs.get(name(run))?.[0], run]);
  const fates = new Map<Fate, Run[]>();
  for (const pair of pairs.values()) {
    const fate = fateOf(pair, goldens, op === Op.Sign);
    fates.set(fate, [...(fates.get(fate) ?? []), pair[0] ?? pair[1]!]);
  }
  return fates;
}

for (const board of boards) {
  describe(`single faults on ${board}`, () => {
    let elf: string;
    before(async () => {
      elf = await imageOf(board);
    });

    for (const attack of signatures()) {
      test(`ed25519.verify refuses: ${attack.name}`, async (context) => {
        const { count, bad } = await opened(elf, board, attack, slice(board, ALL, 400));
        context.diagnostic(`${count} faults`);
        assert.equal(bad.length, 0, places(bad));
      });
    }

    for (const attack of answers()) {
      test(`answer.read refuses: ${attack.name}`, async (context) => {
        const { count, bad } = await opened(elf, board, attack, slice(board, ALL, 400));
        context.diagnostic(`${count} faults`);
        assert.equal(bad.length, 0, places(bad));
      });
    }

    test("a signature does not reveal the key", async (context) => {
      const fates = await signed(elf, board, Op.Sign, slice(board, ["skip"], 50));
      for (const [fate, runs] of fates) context.diagnostic(`${fate}: ${runs.length}`);
      const bad = [...(fates.get("leaks") ?? []), ...(fates.get("spoilt") ?? [])];
      assert.equal(bad.length, 0, places(bad));
    });
  });

  describe(
    `single faults in a handshake on ${board}`,
    { skip: !FULL && board !== "mps2-an386" && "runs with SIGNET_FULL" },
    async () => {
      let elf: string;
      before(async () => {
        elf = await imageOf(board, TLS);
      });
      for (const attack of await handshakes()) {
        test(`the client refuses: ${attack.name}`, async (context) => {
          const { count, bad } = await opened(elf, board, attack, slice(board, ["skip"], 100));
          context.diagnostic(`${count} faults`);
          assert.equal(bad.length, 0, places(bad));
        });
      }
    },
  );
}

describe("single faults in a record that is opened in pieces", { skip: !FULL && "runs with SIGNET_FULL" }, async () => {
  for (const attack of await wideHandshakes())
    test(`the client refuses: ${attack.name}`, async (context) => {
      const board = "mps2-an386";
      const elf = await imageOf(board, TLS, ["public"]);
      const { count, bad } = await opened(elf, board, attack, slice(board, ["skip"], 1));
      context.diagnostic(`${count} faults`);
      assert.equal(bad.length, 0, places(bad));
    });
});

describe("planted faults on mps2-an386", () => {
  let elf: string;
  before(async () => {
    elf = await imageOf("mps2-an386");
  });

  test("a verdict with one branch is caught", async () => {
    const { bad } = await opened(elf, "mps2-an386", plantedSignature(), { kinds: ["invert"] });
    assert.ok(bad.length > 0);
  });

  test("a nonce that is derived once is caught", async (context) => {
    const fates = await signed(elf, "mps2-an386", Op.PlantedSign, { kinds: ["skip"], every: 4, offset: 0 });
    for (const [fate, runs] of fates) context.diagnostic(`${fate}: ${runs.length}`);
    assert.ok(fates.has("leaks"));
  });
});
