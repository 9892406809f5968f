import * as hmac512 from "../../../assembly/crypto/hmac512";
import { Hmac512 } from "../../../assembly/crypto/hmac512";
import { ascii, hex, repeated, show } from "../support/hex";

const out = memory.data(64, 8);
const ctx = changetype<Hmac512>(memory.data(offsetof<Hmac512>(), 8));

function mac(key: Uint8Array, data: Uint8Array): string {
  hmac512.mac(out, key.dataStart, key.length, data.dataStart, data.length);
  return show(out, 64);
}

describe("hmac512", () => {
  it("gives the MACs of RFC 4231 §4", () => {
    expect(mac(repeated(0x0b, 20), ascii("Hi There"))).toBe(
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    );
    expect(mac(ascii("Jefe"), ascii("what do ya want for nothing?"))).toBe(
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    );
    expect(mac(repeated(0xaa, 20), repeated(0xdd, 50))).toBe(
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
    );
    expect(mac(hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(0xcd, 50))).toBe(
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
    );
    expect(mac(repeated(0xaa, 131), ascii("Test Using Larger Than Block-Size Key - Hash Key First"))).toBe(
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
    );
    expect(
      mac(
        repeated(0xaa, 131),
        ascii(
          "This is a test using a larger than block-size key and a larger than block-size data. " +
            "The key needs to be hashed before being used by the HMAC algorithm.",
        ),
      ),
    ).toBe(
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
    );
    expect(mac(repeated(0x0c, 20), ascii("Test With Truncation")).substring(0, 32)).toBe(
      "415fad6271580a531d4179bc891d87a6",
    );
  });

  it("accepts the message in pieces and wipes the context", () => {
    const key = ascii("Jefe");
    const data = ascii("what do ya want for nothing?");
    hmac512.init(ctx, key.dataStart, 4);
    for (let i: u32 = 0; i < 28; i++) hmac512.update(ctx, data.dataStart + i, 1);
    hmac512.final(out, ctx);
    expect(show(out, 64)).toBe(mac(key, data));
    for (let i: usize = 0; i < offsetof<Hmac512>(); i++) expect(load<u8>(changetype<usize>(ctx) + i)).toBe(0);
  });

  it("distinguishes a key of one block from the same key a byte longer", () => {
    const data = ascii("x");
    expect(mac(repeated(0xaa, 128), data)).toBe(
      "5b82498ec1ea9861b32c8a2c37a8a910f741ec22bc639eb1e6132f2d03677a28d81f94b00c5fc256fb8f0fcdd0ace0dc79d1a0b102b08187d51a1a2ad0bcec9e",
    );
    expect(mac(repeated(0xaa, 129), data)).toBe(
      "b43449bd2bc1722a0c3be2041edde9fe613f3a21859b2b878279dbc277c4f3fa307131d81bfa5fb1b7c8a1d576b98c29d6222f823f203a0b79b46d320df72d85",
    );
  });
});
