import * as sha256 from "../../../assembly/crypto/sha256";
import { Sha256 } from "../../../assembly/crypto/sha256";
import { ascii, repeated, show } from "../support/hex";

const out = memory.data(32, 8);
const ctx = changetype<Sha256>(memory.data(offsetof<Sha256>(), 8));

function digest(message: Uint8Array): string {
  sha256.hash(out, message.dataStart, message.length);
  return show(out, 32);
}

describe("sha256", () => {
  it("gives the digests of RFC 6234 §8.5", () => {
    expect(digest(ascii("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(digest(ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))).toBe(
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    expect(digest(ascii("0123456701234567012345670123456701234567012345670123456701234567".repeat(10)))).toBe(
      "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5",
    );
    expect(digest(repeated(0x19, 1))).toBe("68aa2e2ee5dff96e3355e6c7ee373e3d6a4e17f75f9518d843709c0c9bc3e3d4");
    expect(digest(repeated(0x61, 1000000))).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    expect(digest(new Uint8Array(0))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("does not depend on the pieces of the message, nor on a peek in between", () => {
    const message = new Uint8Array(300);
    for (let i = 0; i < 300; i++) message[i] = <u8>(i * 7);
    const whole = digest(message);
    for (let cut: u32 = 0; cut <= 300; cut += 5) {
      sha256.init(ctx);
      sha256.update(ctx, message.dataStart, cut);
      sha256.peek(out, ctx);
      sha256.update(ctx, message.dataStart + cut, 300 - cut);
      sha256.final(out, ctx);
      expect(show(out, 32)).toBe(whole);
    }
  });

  it("peeks at the digest so far", () => {
    const message = ascii("abc");
    sha256.init(ctx);
    sha256.update(ctx, message.dataStart, 3);
    sha256.peek(out, ctx);
    expect(show(out, 32)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("leaves a wiped context", () => {
    sha256.init(ctx);
    sha256.final(out, ctx);
    for (let i: usize = 0; i < offsetof<Sha256>(); i++) expect(load<u8>(changetype<usize>(ctx) + i)).toBe(0);
  });
});
