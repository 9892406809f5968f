import * as hmac256 from "../../../assembly/crypto/hmac256";
import { Hmac256 } from "../../../assembly/crypto/hmac256";
import { ascii, hex, repeated, show } from "../support/hex";

const out = memory.data(32, 8);
const ctx = changetype<Hmac256>(memory.data(offsetof<Hmac256>(), 8));

function mac(key: Uint8Array, data: Uint8Array): string {
  hmac256.mac(out, key.dataStart, key.length, data.dataStart, data.length);
  return show(out, 32);
}

describe("hmac256", () => {
  it("gives the MACs of RFC 4231 §4", () => {
    expect(mac(repeated(0x0b, 20), ascii("Hi There"))).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    expect(mac(ascii("Jefe"), ascii("what do ya want for nothing?"))).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    expect(mac(repeated(0xaa, 20), repeated(0xdd, 50))).toBe(
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    );
    expect(mac(hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(0xcd, 50))).toBe(
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    );
    expect(mac(repeated(0xaa, 131), ascii("Test Using Larger Than Block-Size Key - Hash Key First"))).toBe(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
    expect(
      mac(
        repeated(0xaa, 131),
        ascii(
          "This is a test using a larger than block-size key and a larger than block-size data. " +
            "The key needs to be hashed before being used by the HMAC algorithm.",
        ),
      ),
    ).toBe("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    expect(mac(repeated(0x0c, 20), ascii("Test With Truncation")).substring(0, 32)).toBe(
      "a3b6167473100ee06e0c796c2955552b",
    );
  });

  it("accepts the message in pieces and wipes the context", () => {
    const key = ascii("Jefe");
    const data = ascii("what do ya want for nothing?");
    hmac256.init(ctx, key.dataStart, 4);
    for (let i: u32 = 0; i < 28; i++) hmac256.update(ctx, data.dataStart + i, 1);
    hmac256.final(out, ctx);
    expect(show(out, 32)).toBe(mac(key, data));
    for (let i: usize = 0; i < offsetof<Hmac256>(); i++) expect(load<u8>(changetype<usize>(ctx) + i)).toBe(0);
  });

  it("distinguishes a key of one block from the same key a byte longer", () => {
    const data = ascii("x");
    expect(mac(repeated(0xaa, 64), data)).toBe("ce3c639dcb9d8baae5d44c3b8b5e233faab4d1860e07489af5c84f213998bd79");
    expect(mac(repeated(0xaa, 65), data)).toBe("c2b9a0a013df029c7d812c5ac18388feef0194ee64fcc5f321d149c06137caa3");
  });
});
