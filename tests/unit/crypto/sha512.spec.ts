import * as sha512 from "../../../assembly/crypto/sha512";
import { Sha512 } from "../../../assembly/crypto/sha512";
import { ascii, repeated, show } from "../support/hex";

const out = memory.data(64, 8);
const ctx = changetype<Sha512>(memory.data(offsetof<Sha512>(), 8));

function digest(message: Uint8Array): string {
  sha512.hash(out, message.dataStart, message.length);
  return show(out, 64);
}

describe("sha512", () => {
  it("gives the digests of RFC 6234 §8.5", () => {
    expect(digest(ascii("abc"))).toBe(
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
    expect(
      digest(
        ascii(
          "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        ),
      ),
    ).toBe(
      "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
    );
    expect(digest(ascii("0123456701234567012345670123456701234567012345670123456701234567".repeat(10)))).toBe(
      "89d05ba632c699c31231ded4ffc127d5a894dad412c0e024db872d1abd2ba8141a0f85072a9be1e2aa04cf33c765cb510813a39cd5a84c4acaa64d3f3fb7bae9",
    );
    expect(digest(repeated(0xd0, 1))).toBe(
      "9992202938e882e73e20f6b69e68a0a7149090423d93c81bab3f21678d4aceeee50e4e8cafada4c85a54ea8306826c4ad6e74cece9631bfa8a549b4ab3fbba15",
    );
    expect(digest(repeated(0x61, 1000000))).toBe(
      "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
    );
    expect(digest(new Uint8Array(0))).toBe(
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    );
  });

  it("does not depend on the pieces of the message, nor on a peek in between", () => {
    const message = new Uint8Array(300);
    for (let i = 0; i < 300; i++) message[i] = <u8>(i * 7);
    const whole = digest(message);
    for (let cut: u32 = 0; cut <= 300; cut += 5) {
      sha512.init(ctx);
      sha512.update(ctx, message.dataStart, cut);
      sha512.peek(out, ctx);
      sha512.update(ctx, message.dataStart + cut, 300 - cut);
      sha512.final(out, ctx);
      expect(show(out, 64)).toBe(whole);
    }
  });

  it("peeks at the digest so far", () => {
    const message = ascii("abc");
    sha512.init(ctx);
    sha512.update(ctx, message.dataStart, 3);
    sha512.peek(out, ctx);
    expect(show(out, 64)).toBe(
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
  });

  it("leaves a wiped context", () => {
    sha512.init(ctx);
    sha512.final(out, ctx);
    for (let i: usize = 0; i < offsetof<Sha512>(); i++) expect(load<u8>(changetype<usize>(ctx) + i)).toBe(0);
  });
});
