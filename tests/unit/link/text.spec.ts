import * as text from "../../../assembly/link/text";
import { Text } from "../../../assembly/link/text";

const subject = changetype<Text>(memory.data(offsetof<Text>(), 8));
const digits = memory.data(text.DECIMAL_BYTES);

function bytes(value: string): ArrayBuffer {
  return String.UTF8.encode(value, true);
}

function written(template: ArrayBuffer): string {
  text.begin(subject, changetype<usize>(template));
  let all = "";
  for (let byte = text.next(subject); byte != text.END; byte = text.next(subject)) all += String.fromCharCode(byte);
  return all;
}

describe("text", () => {
  it("fills its holes, empty ones too", () => {
    const host = bytes("example.org");
    const name = bytes('a"b,c\\d');
    subject.first = changetype<usize>(host);
    subject.firstLen = 11;
    subject.second = changetype<usize>(name);
    subject.secondLen = 7;
    subject.thirdLen = 0;
    expect(written(bytes("<\x01> \x02 [\x03\x07]"))).toBe('<example.org> a"b,c\\d []');
    expect(written(bytes("\x06"))).toBe('a\\"b\\,c\\\\d');
    expect(text.over(subject)).toBe(true);
  });

  it("writes decimals", () => {
    expect(text.decimal(digits + 10, 0)).toBe(1);
    expect(load<u8>(digits + 9)).toBe(0x30);
    expect(text.decimal(digits + 10, u32.MAX_VALUE)).toBe(10);
    expect(load<u64>(digits + 2)).toBe(0x3539_3237_3639_3439);
  });
});
