/** The health tests alone, for campaigns over many samples. */
import * as health from "../../assembly/crypto/health";
import { Failure, Health, HEALTH_BYTES } from "../../assembly/crypto/health";

const BUFFER_BYTES: u32 = 32_768;
const area: usize = memory.data(32_768, 4);
const tests = changetype<Health>(memory.data(HEALTH_BYTES, 8));

export function buffer(): usize {
  return area;
}

export function begin(qualityPer256: u32): void {
  health.start(tests, qualityPer256);
}

/** Which test failed in the first `len` bytes of the buffer: a `Failure`. */
export function feed(len: u32): Failure {
  health.feed(tests, area, min(len, BUFFER_BYTES));
  return <Failure>tests.failed;
}
