import * as poly1305 from "../../../assembly/crypto/_poly1305";
import { Poly1305 } from "../../../assembly/crypto/_poly1305";
import { hex, show } from "../support/hex";

const ctx = changetype<Poly1305>(memory.data(offsetof<Poly1305>(), 8));
const out = memory.data(16, 8);

function tag(key: string, data: string): string {
  const k = hex(key),
    d = hex(data);
  poly1305.init(ctx, k.dataStart);
  poly1305.absorb(ctx, d.dataStart, d.length);
  poly1305.final(out, ctx);
  return show(out, 16);
}

const ZERO16 = "00000000000000000000000000000000";
const ONES16 = "ffffffffffffffffffffffffffffffff";

// RFC 8439 appendix A.3, those whose message is of whole blocks.
describe("poly1305", () => {
  it("is zero under a key of zeros (#1)", () => {
    expect(tag(ZERO16 + ZERO16, ZERO16 + ZERO16 + ZERO16 + ZERO16)).toBe(ZERO16);
  });

  it("reduces 2^130 - 5 and above (#7, #8, #9)", () => {
    expect(tag("02000000000000000000000000000000" + ZERO16, ONES16)).toBe("03000000000000000000000000000000");
    expect(tag("02000000000000000000000000000000" + ONES16, "02000000000000000000000000000000")).toBe(
      "03000000000000000000000000000000",
    );
    expect(
      tag(
        "01000000000000000000000000000000" + ZERO16,
        ONES16 + "f0ffffffffffffffffffffffffffffff" + "11000000000000000000000000000000",
      ),
    ).toBe("05000000000000000000000000000000");
  });

  it("does so exactly at the modulus, and carries all the way (#9 to #11)", () => {
    expect(
      tag(
        "01000000000000000000000000000000" + ZERO16,
        ONES16 + "fbfefefefefefefefefefefefefefefe" + "01010101010101010101010101010101",
      ),
    ).toBe(ZERO16);
    expect(tag("02000000000000000000000000000000" + ZERO16, "fdffffffffffffffffffffffffffffff")).toBe(
      "faffffffffffffffffffffffffffffff",
    );
    const r = "01000000000000000400000000000000" + ZERO16;
    const message =
      "e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000";
    expect(tag(r, message)).toBe("14000000000000005500000000000000");
    expect(tag(r, message.substring(0, 96))).toBe("13000000000000000000000000000000");
  });
});
