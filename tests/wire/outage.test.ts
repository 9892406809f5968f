/** A fault of the link in words, also one of later firmware. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LINK_CAUSES, LINK_STEPS } from "../../tools/facts/device.ts";
import { inWords, read } from "../../tools/wire/outage.ts";

void test("an outage has its step, its cause, the number of the error and how often", () => {
  const outage = read(0x0252_0003);
  assert.deepEqual(outage, { step: "join", cause: "error", number: 3, times: 2 });
  assert.equal(
    inWords(outage),
    "the link failed at joining the wireless network: an error (number 3), 2 times in a row",
  );
  assert.equal(inWords(read(0x0181_0000)), "the link failed at connecting to the server: no answer");
});

void test("a step or a cause of later firmware is shown as its number", () => {
  assert.equal(inWords(read(0xffff_ffff)), "the link failed at step 15: cause 15 (number 65535), 127 times in a row");
  for (let word = 0; word < 256; word++) {
    const [step, cause] = [word >>> 4, word & 15];
    const text = inWords(read((word << 16) | 0x0100_0000));
    assert.equal(text.includes(`at step ${step}:`), step >= Object.keys(LINK_STEPS).length, text);
    assert.equal(text.endsWith(`: cause ${cause}`), cause >= Object.keys(LINK_CAUSES).length, text);
  }
});
