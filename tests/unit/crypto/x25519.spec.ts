import * as x25519 from "../../../assembly/crypto/x25519";
import { SCRATCH_BYTES } from "../../../assembly/config";
import * as scratch from "../../../assembly/lib/scratch";
import { Status } from "../../../assembly/lib/status";
import { hex, show } from "../support/hex";

const out = memory.data(32, 4);
const scalar = memory.data(32, 4);
const point = memory.data(32, 4);

function derive(scalarHex: string, pointHex: string): string {
  expect(x25519.derive(out, hex(scalarHex).dataStart, hex(pointHex).dataStart)).toBe(Status.Ok);
  expect(scratch.left()).toBe(SCRATCH_BYTES);
  return show(out, 32);
}

function publicKey(scalarHex: string): string {
  x25519.publicKey(out, hex(scalarHex).dataStart);
  return show(out, 32);
}

describe("x25519", () => {
  it("gives the products of RFC 7748 §5.2", () => {
    expect(
      derive(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      ),
    ).toBe("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    expect(
      derive(
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      ),
    ).toBe("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
  });

  it("gives the iterations of RFC 7748 §5.2", () => {
    memory.fill(scalar, 0, 32);
    store<u8>(scalar, 9);
    memory.copy(point, scalar, 32);
    for (let i = 1; i <= 1000; i++) {
      x25519.derive(out, scalar, point);
      memory.copy(point, scalar, 32);
      memory.copy(scalar, out, 32);
      if (i == 1) expect(show(out, 32)).toBe("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    expect(show(out, 32)).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
  });

  it("gives the keys and the shared secret of RFC 7748 §6.1", () => {
    const alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    const bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    const alicePublic = publicKey(alice);
    const bobPublic = publicKey(bob);
    expect(alicePublic).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    expect(bobPublic).toBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    expect(derive(alice, bobPublic)).toBe("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    expect(derive(bob, alicePublic)).toBe("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  });

  it("refuses points of small order", () => {
    const points: string[] = [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    for (let i = 0; i < points.length; i++) {
      memory.fill(out, 1, 32);
      expect(x25519.derive(out, scalar, hex(points[i]).dataStart)).toBe(Status.Forged);
      expect(show(out, 32)).toBe("00".repeat(32));
    }
  });
});
