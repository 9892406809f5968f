import { Writer } from "../../../assembly/lib/writer";

const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 8));
const room = memory.data(16, 8);

describe("writer", () => {
  it("writes big-endian words in order", () => {
    writer.begin(room, 10);
    writer.u8(1);
    writer.u16(0x0203);
    writer.u24(0x040506);
    writer.u32(0x0708090a);
    expect(writer.ok()).toBe(true);
    expect(writer.length()).toBe(10);
    for (let i = 0; i < 10; i++) expect(load<u8>(room + i)).toBe(<u8>(i + 1));
  });

  it("writes nothing of an item that does not fit, and stays failed", () => {
    memory.fill(room, 0x55, 16);
    writer.begin(room, 3);
    writer.u8(1);
    writer.u32(0);
    expect(writer.ok()).toBe(false);
    writer.u8(2);
    writer.bytes(room, 1);
    expect(writer.take(1)).toBe(0);
    expect(writer.length()).toBe(1);
    for (let i = 1; i < 16; i++) expect(load<u8>(room + i)).toBe(0x55);
  });
});
