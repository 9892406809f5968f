// weight: 20 s, 1 core
/** The bill of materials that comes out of a build: valid, and true of the image that the linker made. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { type Built, buildImage } from "../../tools/firmware/build.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { linkedMembers, sbom } from "../../tools/firmware/sbom.ts";
import { type Bom, bomFault } from "./bom.ts";

let built: Built;
let text: string;
before(async () => {
  built = await buildImage({ board: "mps2-an386", image: SIGNET });
  text = readFileSync(built.sbom, "utf8");
});

describe("the bill of materials of an image", () => {
  it("is valid CycloneDX 1.6", () => {
    assert.equal(bomFault(JSON.parse(text) as Bom), undefined);
    assert.ok(bomFault({ ...(JSON.parse(text) as Bom), components: [{ type: "firmware" }] }), "it takes anything");
  });

  it("has the hash of the ELF, the linked parts, and the versions of the compilers", async () => {
    const { metadata, components } = JSON.parse(text) as Bom;
    const elf = createHash("sha256").update(readFileSync(built.elf)).digest("hex");
    assert.equal(metadata.component.hashes![0]!.content, elf);
    const libgcc = components.find(({ name }) => name === "libgcc")!;
    const members = libgcc.properties!.map(({ value }) => value);
    assert.deepEqual(members, linkedMembers(readFileSync(built.map, "utf8")).get("libgcc"));
    assert.ok(members.includes("_aeabi_ldivmod.o"), String(members));
    const modules = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { version: string }>;
    };
    for (const name of ["assemblyscript", "wabt", "@xpack-3rd-party/arm-cmsis-core-m"])
      assert.equal(
        components.find((one) => one.name === name)?.version,
        modules.packages[`node_modules/${name}`]!.version,
      );
    assert.match(
      metadata.tools.components.find(({ name }) => name === "arm-none-eabi-gcc")!.version,
      /^\d+\.\d+\.\d+$/,
    );
    assert.equal(await sbom(built.folder, built.board, SIGNET.name), text, "not the same bytes again");
  });
});
