// weight: 18 s, 1.1 cores
/** A part of the link that an image leaves out is not in its module. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { asc } from "../../../tools/firmware/asc.ts";

/** The link as WebAssembly text, without these drivers. */
async function compile(...without: string[]): Promise<string> {
  return compileWith(without.map((name) => `WITHOUT_${name}`));
}

/** The same with these choices. */
async function compileWith(choices: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "signet-families-"));
  const [wasm, text] = [join(folder, "link.wasm"), join(folder, "link.wat")];
  const use = choices.flatMap((name) => ["--use", `${name}=1`]);
  const outputs = ["--outFile", wasm, "--textFile", text];
  try {
    await asc(["tests/flow/link/guest.ts", ...outputs, ...use]);
    return readFileSync(text, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** True if code or data of a driver is in it. */
function has(text: string, driver: "framed" | "at"): boolean {
  const data = { framed: "link/framed/frameIn", at: "link/at/" };
  return text.includes(`$assembly/link/${driver}/`) || text.includes(data[driver]);
}

function dataBytes(text: string): number {
  return [...text.matchAll(/^ \(data .*"(.*)"\)$/gm)].reduce((sum, [, data]) => sum + (data?.length ?? 0), 0);
}

describe("the image's choice of drivers", async () => {
  const both = await compile();

  it("has both by default", () => {
    assert.ok(has(both, "framed") && has(both, "at"));
  });

  it("omits the framed link", async () => {
    const text = await compile("FRAMED");
    assert.ok(!has(text, "framed") && has(text, "at"));
  });

  it("omits ESP-AT with its engine and its commands", async () => {
    const text = await compile("ESP_AT");
    assert.ok(has(text, "framed") && !has(text, "at"));
    assert.ok(dataBytes(text) < dataBytes(both));
  });

  it("has no driver for a mobile network unless that is chosen, and then it alone", async () => {
    assert.ok(!both.includes("quectel") && !both.includes("link/tunnel/"));
    const text = await compileWith(["WITHOUT_FRAMED", "WITHOUT_ESP_AT", "WITH_QUECTEL"]);
    assert.ok(text.includes("link/at/quectel/") && !text.includes("link/at/espat/") && !has(text, "framed"));
  });

  it("must include one", async () => {
    await assert.rejects(compile("FRAMED", "ESP_AT"), /an image needs the driver of a module/);
  });
});
