import * as aead from "../../../assembly/crypto/aead";
import { Status } from "../../../assembly/lib/status";
import { ascii, hex, show } from "../support/hex";

const KEY = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
const NONCE = "070000004041424344454647";
const AD = "50515253c0c1c2c3c4c5c6c7";
const TEXT =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const SEALED =
  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
  "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
  "3ff4def08e4b7a9de576d26586cec64b6116";
const TAG = "1ae10b594f09e26a7e902ecbd0600691";

const out = memory.data(512, 8);
const tag = memory.data(16, 8);

function open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, text: Uint8Array, mac: Uint8Array): Status {
  return aead.open(
    out,
    key.dataStart,
    nonce.dataStart,
    ad.dataStart,
    ad.length,
    text.dataStart,
    text.length,
    mac.dataStart,
  );
}

function flip(bytes: Uint8Array, bit: i32): void {
  bytes[bit >> 3] = <u8>((<i32>bytes[bit >> 3]) ^ (1 << (bit & 7)));
}

function isFilled(at: usize, value: u8, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (load<u8>(at + i) != value) return false;
  return true;
}

describe("aead", () => {
  it("seals the example of RFC 8439 §2.8.2", () => {
    const text = ascii(TEXT);
    const ad = hex(AD);
    aead.seal(out, tag, hex(KEY).dataStart, hex(NONCE).dataStart, ad.dataStart, 12, text.dataStart, text.length);
    expect(show(out, text.length)).toBe(SEALED);
    expect(show(tag, 16)).toBe(TAG);
  });

  it("opens it, and in place", () => {
    const text = ascii(TEXT);
    const sealed = hex(SEALED);
    expect(open(hex(KEY), hex(NONCE), hex(AD), sealed, hex(TAG))).toBe(Status.Ok);
    expect(show(out, text.length)).toBe(show(text.dataStart, text.length));
    memory.copy(out, sealed.dataStart, sealed.length);
    const k = hex(KEY),
      n = hex(NONCE),
      a = hex(AD),
      t = hex(TAG);
    expect(aead.open(out, k.dataStart, n.dataStart, a.dataStart, 12, out, sealed.length, t.dataStart)).toBe(Status.Ok);
    expect(show(out, text.length)).toBe(show(text.dataStart, text.length));
  });

  it("refuses any flipped bit of tag, text, data, nonce or key, and writes nothing", () => {
    for (let which = 0; which < 5; which++) {
      const parts = [hex(KEY), hex(NONCE), hex(AD), hex(SEALED), hex(TAG)];
      for (let bit = 0; bit < parts[which].length * 8; bit += which == 4 ? 1 : 13) {
        flip(parts[which], bit);
        memory.fill(out, 0x55, 114);
        expect(open(parts[0], parts[1], parts[2], parts[3], parts[4])).toBe(Status.Forged);
        expect(isFilled(out, 0x55, 114)).toBe(true);
        flip(parts[which], bit);
      }
    }
  });

  it("opens what it sealed, at every length up to five blocks", () => {
    const key = hex(KEY);
    const nonce = hex(NONCE);
    for (let len: u32 = 0; len <= 320; len++) {
      memory.fill(out, 0xff, len);
      aead.seal(out, tag, key.dataStart, nonce.dataStart, 0, 0, out, len);
      expect(aead.open(out, key.dataStart, nonce.dataStart, 0, 0, out, len, tag)).toBe(Status.Ok);
      expect(isFilled(out, 0xff, len)).toBe(true);
    }
  });
});
