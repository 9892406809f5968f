import { Status } from "../../../assembly/lib/status";
import * as verdict from "../../../assembly/lib/verdict";

describe("verdict", () => {
  it("folds to Ok only if the word is Ok and nothing is off", () => {
    expect(verdict.fold(<u32>Status.Ok, 0)).toBe(Status.Ok);
    expect(verdict.fold(<u32>Status.Ok, 1)).toBe(Status.Forged);
    expect(verdict.fold(<u32>Status.Ok, 0x80000000)).toBe(Status.Forged);
    expect(verdict.fold(<u32>Status.Ok + 1, 0)).not.toBe(Status.Ok);
  });

  it("bars Ok if something is off, and leaves each refusal as it is", () => {
    expect(verdict.bar(Status.Ok, 0)).toBe(Status.Ok);
    expect(verdict.bar(Status.Ok, 1)).not.toBe(Status.Ok);
    expect(verdict.bar(Status.Ok, 0x80000000)).not.toBe(Status.Ok);
    for (let refusal = -9; refusal < 0; refusal++) {
      expect(verdict.bar(refusal, 0)).toBe(refusal);
      expect(verdict.bar(refusal, 1)).toBe(refusal);
    }
  });
});
