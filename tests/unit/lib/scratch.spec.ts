import * as scratch from "../../../assembly/lib/scratch";
import { SCRATCH_BYTES } from "../../../assembly/config";

describe("scratch", () => {
  it("gives aligned memory in stack order and wipes it on return", () => {
    const from = scratch.top();
    const first = scratch.take(5);
    const second = scratch.take(8);
    expect(first & 7).toBe(0);
    expect(second).toBe(first + 8);
    memory.fill(first, 0xff, 16);
    scratch.release(from);
    expect(scratch.top()).toBe(from);
    expect(scratch.take(16)).toBe(first);
    for (let i = 0; i < 16; i++) expect(load<u8>(first + i)).toBe(0);
    scratch.release(from);
  });

  it("traps when it runs out", () => {
    expect(() => {
      scratch.take(SCRATCH_BYTES + 1);
    }).toThrow();
  });
});
