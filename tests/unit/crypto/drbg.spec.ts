import * as drbg from "../../../assembly/crypto/drbg";
import { Drbg, ENTROPY_BYTES, REQUEST_BYTES, RESEED_INTERVAL } from "../../../assembly/crypto/drbg";
import { Status } from "../../../assembly/lib/status";
import { ascii, hex, show } from "../support/hex";

const ctx = changetype<Drbg>(memory.data(offsetof<Drbg>(), 8));
const out = memory.data(128, 8);

function begin(entropy: string, nonce: string, personal: string): void {
  const e = hex(entropy),
    n = hex(nonce),
    p = ascii(personal);
  expect(drbg.instantiate(ctx, e.dataStart, e.length, n.dataStart, n.length, p.dataStart, p.length)).toBe(Status.Ok);
}

function generate(len: u32): string {
  expect(drbg.generate(out, len, ctx)).toBe(Status.Ok);
  return show(out, len);
}

describe("drbg", () => {
  it("gives the second output of NIST's HMAC_DRBG.rsp, SHA-256, no reseed, count 0", () => {
    begin("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488", "659ba96c601dc69fc902940805ec0ca8", "");
    generate(128);
    expect(generate(128)).toBe(
      "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8",
    );
  });

  it("agrees with node:crypto's HMAC on personalisation, reseeding and odd lengths", () => {
    begin(
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "202122232425262728292a2b2c2d2e2f",
      "signet",
    );
    expect(generate(80)).toBe(
      "9fca4e93cc2cdf2acf22884412871f15f5be5a5916580dbdc6468082e0981b627633850be5199a5daf6043df6c3283340a084c56e6ce20dee561fe8a34b1fe92a39c717b52c257540a7dbfda8dbce65d",
    );
    const fresh = hex("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f");
    const more = ascii("more");
    expect(drbg.reseed(ctx, fresh.dataStart, fresh.length, more.dataStart, more.length)).toBe(Status.Ok);
    expect(generate(1)).toBe("41");
    expect(generate(64)).toBe(
      "40abbc50efae59a56c79ed3590b69bd848ca62b6e53686065d3cd6f04e68f594659277fd69ad2e4052b71312e9eddfede284d27752dea7a5680a199ad3956a90",
    );
  });

  it("gives nothing without enough entropy", () => {
    const entropy = new Uint8Array(ENTROPY_BYTES - 1);
    begin("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "", "");
    expect(drbg.instantiate(ctx, entropy.dataStart, entropy.length, 0, 0, 0, 0)).toBe(Status.NoEntropy);
    expect(drbg.generate(out, 1, ctx)).toBe(Status.Again);
    expect(drbg.reseed(ctx, entropy.dataStart, ENTROPY_BYTES, 0, 0)).toBe(Status.Unexpected);
  });

  it("must be reseeded after its interval, with enough entropy", () => {
    begin("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "", "");
    ctx.request = RESEED_INTERVAL;
    expect(drbg.generate(out, 1, ctx)).toBe(Status.Ok);
    store<u8>(out, 0x55);
    expect(drbg.generate(out, 1, ctx)).toBe(Status.Again);
    expect(load<u8>(out)).toBe(0x55);
    const entropy = new Uint8Array(ENTROPY_BYTES);
    expect(drbg.reseed(ctx, entropy.dataStart, ENTROPY_BYTES - 1, 0, 0)).toBe(Status.NoEntropy);
    expect(drbg.generate(out, 1, ctx)).toBe(Status.Again);
    expect(drbg.reseed(ctx, entropy.dataStart, ENTROPY_BYTES, 0, 0)).toBe(Status.Ok);
    expect(drbg.generate(out, 1, ctx)).toBe(Status.Ok);
  });

  it("refuses a request that is too long", () => {
    begin("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "", "");
    expect(drbg.generate(out, REQUEST_BYTES + 1, ctx)).toBe(Status.TooLong);
  });
});
