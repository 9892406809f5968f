// weight: 26 s, 1.2 cores
/**
 * The same claim by other means: the lab compiled for the host runs under valgrind with the secrets of each operation marked
 * undefined, so that memcheck reports every branch and every address that depends on one.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { buildHost, PLAIN } from "../../tools/firmware/host.ts";
import { ANSWER_BYTES, frame, Own, request } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";
import { Call } from "../tls/call.ts";
import { requestOf } from "../tls/replay.ts";
import { bytes, SECRETS } from "./secrets.ts";
import { talks } from "./talks.ts";
import LAB from "../lab/image.ts";
import TLS from "../tls/image.ts";
import { FULL } from "../full.ts";

/** The slot of the PSK in a connection's settings, as in `tests/tls/guest.ts`. */
const PSK_SLOT = 6;

/** Mark bytes of the next request as secret. */
function markAt(at: number, length: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt16LE(at);
  body.writeUInt16LE(length, 2);
  return frame(Own.Secret, body);
}

/** Mark one field of the next request as secret. */
function mark(fields: readonly Buffer[], secret: number): Buffer {
  return markAt(request(fields.slice(0, secret)).length + 2, fields[secret]?.length ?? 0);
}

/** Run one request under memcheck; what it complains of, or nothing. */
function complaints(program: string, input: Buffer): { said: string; out: Buffer } {
  const args = ["-q", "--error-exitcode=99", "--leak-check=no", program];
  const { status, stderr, stdout, error } = spawnSync("valgrind", args, { input, timeout: 120_000 });
  if (error) throw error;
  const said = stderr.toString("utf8");
  assert(status === 0 || status === 99, said);
  return { said: status === 99 ? said : "", out: stdout };
}

const skip = spawnSync("valgrind", ["--version"]).error ? "valgrind is not installed" : false;

// Cores with and without a long multiplication of constant time are given different arithmetic.
const profiles: readonly Readonly<Record<string, number>>[] = FULL ? [{}, { CRYPTO_SHORT_MULTIPLY: 1 }] : [{}];

for (const use of profiles) {
  describe(`secrets under memcheck, ${Object.keys(use).join() || "long multiplications"}`, { skip }, () => {
    for (const { name, op, fields, secret } of SECRETS.filter(({ hasVerdict }) => !hasVerdict)) {
      test(name, async () => {
        const program = await buildHost({ image: LAB, kind: PLAIN, use });
        const { said, out } = complaints(program, Buffer.concat([mark(fields, secret), frame(op, request(fields))]));
        assert.equal(said, "");
        assert(out.length > 2 * ANSWER_BYTES, "the operation gave no answer");
      });
    }
  });
}

test("a TLS hello with the binder of a secret PSK", { skip }, async () => {
  const program = await buildHost({ image: TLS, kind: PLAIN });
  const talk = (await talks(2)).find(({ name }) => name === "external PSK")?.runs[0] ?? [];
  const hello = talk.slice(0, talk.findIndex(({ call }) => call === Call.ToPeer) + 1);
  const input = hello.flatMap((one) => {
    const { op, fields } = requestOf(one);
    // In front of the bytes are the field's length and the call's two numbers.
    const marks = one.call === Call.Set && one.first === PSK_SLOT ? [markAt(10, one.bytes.length)] : [];
    return [...marks, frame(op, request(fields))];
  });
  const { said, out } = complaints(program, Buffer.concat(input));
  assert.equal(said, "");
  assert(out.length > ANSWER_BYTES * hello.length + 200, "there is no hello");
});

test("an operation that does not keep its input secret is caught", { skip }, async () => {
  const program = await buildHost({ image: LAB, kind: PLAIN });
  const fields = [bytes(64, 1), bytes(32, 9), Buffer.alloc(0), bytes(150, 5)];
  const input = Buffer.concat([mark(fields, 0), frame(Op.Ed25519Verify, request(fields))]);
  assert.match(complaints(program, input).said, /depends on uninitialised value|Use of uninitialised value/);
});
