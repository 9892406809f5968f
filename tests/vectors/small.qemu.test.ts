// weight: 40 s, 1 core
/**
 * The cryptography built small, on the ELFs of a Cortex-M4, whose hashes and ciphers are in assembly, and of a Cortex-M0, where they
 * are loops: other code than the fast build's, so the vectors run on it as well. The examples of the RFCs, hashes of every length
 * about the blocks' bounds, and Wycheproof's cases: some, all of them with SIGNET_FULL=1.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import type { Lab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";
import { smallLab } from "../lab/small.ts";
import { everyCase, fitsMicrobit, isQuick } from "./every.ts";
import { FULL } from "../full.ts";

const NOTHING = Buffer.alloc(0);
/** Every so many cases of Wycheproof are run on a board. */
const STEPS = { "mps2-an386": FULL ? 1 : 3, microbit: FULL ? 1 : 40 } as const;

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

// prettier-ignore
const RFC_8032: readonly (readonly [seed: string, key: string, message: string, signature: string])[] = [
  ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
  ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
  ["c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
];

// prettier-ignore
const RFC_7748: readonly (readonly [scalar: string, point: string, product: string])[] = [
  ["a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"],
  ["4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"],
  ["77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"],
];

for (const [board, step] of Object.entries(STEPS)) {
  describe(`examples of the RFCs on ${board}, small`, () => {
    let lab: Lab;
    before(async () => {
      lab = await smallLab(board);
    });
    after(async () => {
      await lab?.close();
    });

    async function gives(op: Op, fields: readonly Buffer[], wanted: string): Promise<void> {
      const { bytes } = await lab.run(op, ...fields);
      assert.equal(bytes.toString("hex"), wanted);
    }

    test("Ed25519, RFC 8032 §7.1", async () => {
      for (const [seed, key, message, signature] of RFC_8032) {
        await gives(Op.Ed25519PublicKey, [hex(seed)], key);
        await gives(Op.Ed25519Sign, [hex(seed), hex(key), NOTHING, NOTHING, hex(message)], signature);
        const { result } = await lab.run(Op.Ed25519Verify, hex(signature), hex(key), NOTHING, hex(message));
        assert.equal(result, Status.Ok);
      }
    });

    test("X25519, RFC 7748 §5.2 and §6.1", async () => {
      for (const [scalar, point, product] of RFC_7748) await gives(Op.X25519, [hex(scalar), hex(point)], product);
      const [alice] = RFC_7748[2]!;
      await gives(Op.X25519PublicKey, [hex(alice)], "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    });

    test("SHA-2, RFC 6234 §8.5, and every length to 140 bytes against node:crypto", async () => {
      const abc = Buffer.from("abc");
      await gives(Op.Sha256, [abc], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      await gives(
        Op.Sha512,
        [abc],
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      );
      const text = createHash("shake256", { outputLength: 140 }).update("text").digest();
      for (let length = 0; length <= text.length; length++) {
        const data = text.subarray(0, length);
        await gives(Op.Sha256, [data], createHash("sha256").update(data).digest("hex"));
        await gives(Op.Sha512, [data], createHash("sha512").update(data).digest("hex"));
      }
    });
  });

  everyCase(
    () => smallLab(board),
    `${board}, small`,
    (one) => one.tcId % step === 0 && (FULL || isQuick(one)) && (board !== "microbit" || fitsMicrobit(one)),
  );
}
