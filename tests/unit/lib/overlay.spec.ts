import { OVERLAY_BYTES } from "../../../assembly/config";
import * as overlay from "../../../assembly/lib/overlay";
import { Owner } from "../../../assembly/lib/overlay";

function isZero(): bool {
  for (let i: u32 = 0; i < OVERLAY_BYTES; i++) if (load<u8>(overlay.place + i)) return false;
  return true;
}

describe("overlay", () => {
  it("is wiped when its owner gives it back", () => {
    overlay.claim(Owner.Handshake);
    overlay.claim(Owner.Handshake);
    memory.fill(overlay.place, 0xff, OVERLAY_BYTES);
    overlay.release(Owner.Handshake);
    expect(isZero()).toBe(true);
    overlay.claim(Owner.Answer);
    overlay.release(Owner.Answer);
  });

  it("stays its owner's when another gives it back", () => {
    overlay.claim(Owner.Answer);
    memory.fill(overlay.place, 0xff, OVERLAY_BYTES);
    overlay.release(Owner.Handshake);
    expect(load<u8>(overlay.place + OVERLAY_BYTES - 1)).toBe(0xff);
    expect(() => {
      overlay.claim(Owner.Handshake);
    }).toThrow();
    overlay.release(Owner.Answer);
    expect(isZero()).toBe(true);
  });

  it("traps when each owner claims it from the other", () => {
    overlay.claim(Owner.Handshake);
    expect(() => {
      overlay.claim(Owner.Answer);
    }).toThrow();
    overlay.release(Owner.Handshake);
  });
});
