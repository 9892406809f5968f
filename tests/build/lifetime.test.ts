import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { boardNames, loadBoard } from "../../tools/firmware/board.ts";
import { lifetime, row } from "../../tools/firmware/lifetime.ts";

describe("the lifetime of a board's flash", () => {
  it("is in boards/README.md as computed from the board's data", async () => {
    const readme = readFileSync("boards/README.md", "utf8");
    for (const name of boardNames()) {
      const wanted = row(name, await loadBoard(name));
      assert.ok(
        readme.replaceAll(/ +/g, " ").includes(wanted.replaceAll(/ +/g, " ")),
        `boards/README.md lacks ${wanted}`,
      );
    }
  });

  it("is ten years at least", async () => {
    for (const name of boardNames()) {
      const life = lifetime(await loadBoard(name));
      assert.ok(!life || life.years >= 10, name);
    }
  });
});
