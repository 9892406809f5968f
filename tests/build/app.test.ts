// weight: 22 s, 1 core
/**
 * An application outside of the tree: its folder takes the place of `assembly/app/`, and its module plays its life under Node, against
 * the real server. `tests/package` links one for a board.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildImage } from "../../tools/firmware/build.ts";
import { loadImage } from "../../tools/firmware/image.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import { fromHex } from "../../tools/wire/bytes.ts";
import { decode, Float } from "../../tools/wire/cbor.ts";
import { Subject, World } from "../flow/world.ts";

const FIELDS = `/** The fields of a reading, by name. */
export const OPEN: usize = memory.data<u8>(["open"]);
export const OPEN_BYTES: u32 = bytesOf(OPEN);
export const SOIL: usize = memory.data<u8>(["soil °C"]);
export const SOIL_BYTES: u32 = bytesOf(SOIL);
`;

const APP = `import * as cbor from "../cose/cbor";
import * as float from "../cose/float";
import { Writer } from "../lib/writer";
import * as sensor from "../port/sensor";
import { OPEN, OPEN_BYTES, SOIL, SOIL_BYTES } from "./fields";

export const NAME: usize = memory.data<u8>(["greenhouse"]);
export const NAME_BYTES: u32 = bytesOf(NAME);
export const VERSION: usize = memory.data<u8>(["7.3"]);
export const VERSION_BYTES: u32 = bytesOf(VERSION);

let isOpen: bool = false;

export function sample(out: Writer, nowMs: u32): void {
  cbor.map(out, 2);
  cbor.text(out, OPEN, OPEN_BYTES);
  cbor.flag(out, isOpen);
  cbor.text(out, SOIL, SOIL_BYTES);
  float.write(out, <f64>sensor.read(0) / 1_000);
}

export function nextMs(nowMs: u32, intervalMs: u32): u32 {
  return nowMs + intervalMs;
}

export function obey(data: usize, len: u32): void {
  isOpen = len == OPEN_BYTES && load<u32>(data) == load<u32>(OPEN);
}
`;

const IMAGE = `export default { name: "greenhouse", entry: "assembly/main.ts", main: "boards/common/main.c", app: "app" };\n`;

const folder = mkdtempSync(join(tmpdir(), "signet-app-"));
after(() => rmSync(folder, { recursive: true }));

/** Write the project of a user: an image, and the application beside it. */
function project(app: string): string {
  mkdirSync(join(folder, "app"), { recursive: true });
  const files = { "image.ts": IMAGE, "app/fields.ts": FIELDS, "app/app.ts": app };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, "image.ts");
}

/** Compile it as a module that runs under Node. */
async function compile(app: string): Promise<WebAssembly.Module> {
  const image = await loadImage(project(app));
  return firmware(image.entry, [], image.app);
}

describe("an application outside of the tree", () => {
  it("replaces the tree's, and runs", async () => {
    const module = await compile(APP);
    const world = await World.start();
    const subject = await Subject.make(world, { module });
    const readings = async (): Promise<ReadonlyMap<string, unknown>[]> => {
      const reports = await world.server.reports(subject.id);
      return reports.map(({ data }) => decode(fromHex(data)!) as ReadonlyMap<string, unknown>);
    };
    try {
      await subject.start();
      await subject.see("accepted", 2);
      const [device] = await world.server.devices();
      assert.deepEqual([device?.software, device?.version], ["greenhouse", "7.3"]);
      for (const reading of await readings()) assert.deepEqual([...reading.keys()], ["open", "soil °C"]);
      assert.ok((await readings()).every((reading) => reading.get("open") === false));
      assert.ok((await readings()).every((reading) => reading.get("soil °C") instanceof Float));

      const command = { data: Buffer.from("open").toString("hex"), expiresAt: Date.now() + 3_600_000 };
      await world.operate(subject.id, "downlinks", command);
      await subject.until(async () => (await readings()).some((reading) => reading.get("open") === true));
      await subject.stop();
      await world.checkHonest(subject);
    } finally {
      await subject.stop();
      await world.close();
    }
  });

  it("reports the certificate of the choice `cloud`, and nothing of it without that choice", async () => {
    const tells = APP.replace(
      "import { Writer }",
      'import * as ordinary from "../tls/ordinary";\nimport { Writer }',
    ).replace(/cbor\.map\(out, 2\)[\s\S]*?1_000\);/, "out.u8(0);\n  ordinary.writeX509(out);");
    const world = await World.start();
    const image = await loadImage(project(tells));
    try {
      for (const use of [[], ["TLS_P256=1", "TLS_OWN_P256=1"]]) {
        const subject = await Subject.make(world, { module: await firmware(image.entry, use, image.app) });
        await subject.start();
        await subject.see("accepted");
        await subject.stop();
        const [report] = await world.server.reports(subject.id);
        const told = fromHex(report!.data)!;
        if (use.length === 0) assert.equal(told.length, 1);
        else
          assert.equal(
            new X509Certificate(told.subarray(1)).subject,
            `CN=${Buffer.from(subject.said("key-p256")[0]!.data).toString("hex")}`,
          );
      }
    } finally {
      await world.close();
    }
  });

  it("that does not compile is named by its own path", async () => {
    const wrong = compile(APP.replace("sensor.read(0)", "sensor.weigh(0)"));
    await assert.rejects(wrong, (error: Error) => {
      assert.match(error.message, /Property 'weigh' does not exist/);
      assert.ok(error.message.includes(`${join(folder, "app")}/app.ts`), error.message);
      return true;
    });
  });

  it("must have an app.ts", async () => {
    const image = { ...(await loadImage(project(APP))), app: join(folder, "nothing") };
    assert.ok(!existsSync(image.app));
    await assert.rejects(buildImage({ board: "mps2-an386", image }), /there is no app\.ts in .*nothing/);
  });
});
