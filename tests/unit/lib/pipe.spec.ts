import { Pipe } from "../../../assembly/lib/pipe";

const pipe = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));
const SOURCE_BYTES: u32 = 40;
const source = memory.data(64, 4);
const sink = memory.data(64, 4);

/** Move all bytes in pieces of `max`; returns in how many moves. */
function pump(max: u32): u32 {
  memory.fill(sink, 0xff, 64);
  pipe.hold(source, SOURCE_BYTES);
  let moves: u32 = 0;
  let moved: u32 = 0;
  while (pipe.left) {
    moved += pipe.move(sink + moved, max);
    moves++;
  }
  expect(moved).toBe(SOURCE_BYTES);
  return moves;
}

describe("a pipe", () => {
  it("moves all bytes in order, whatever the sink takes at once, and none behind them", () => {
    for (let i: u32 = 0; i < 64; i++) store<u8>(source + i, <u8>(i * 7 + 1));
    for (let max: u32 = 1; max <= SOURCE_BYTES + 1; max++) {
      expect(pump(max)).toBe((SOURCE_BYTES + max - 1) / max);
      expect(memory.compare(sink, source, SOURCE_BYTES)).toBe(0);
      for (let i = SOURCE_BYTES; i < 64; i++) expect(load<u8>(sink + i)).toBe(0xff);
      expect(pipe.move(sink, 64)).toBe(0);
    }
  });

  it("gives a sink that reads in place what it did not take before", () => {
    pipe.hold(source, SOURCE_BYTES);
    pipe.drop(0);
    expect(pipe.at).toBe(source);
    pipe.drop(15);
    expect(pipe.at).toBe(source + 15);
    expect(pipe.left).toBe(25);
    pipe.drop(25);
    expect(pipe.left).toBe(0);
  });

  it("holds what was written behind its bytes while they were on their way", () => {
    pipe.hold(source, 10);
    expect(pipe.move(sink, 4)).toBe(4);
    pipe.left += 20;
    expect(pipe.move(sink + 4, 64)).toBe(26);
    expect(memory.compare(sink, source, 30)).toBe(0);
  });
});
