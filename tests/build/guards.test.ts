// weight: 40 s, 1 core
/** A size or an interval that cannot work fails the compilation with a sentence. The rule `guards` wants a violation here for each guard. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as asc from "assemblyscript/asc";
import { ROOT } from "../../tools/check/tree.ts";

/** Each planted violation: the file, the change, and the expected message of the compiler. */
const PLANTED: readonly (readonly [path: string, from: RegExp, to: string, says: string])[] = [
  ["assembly/config.ts", /(LINK_RX_BYTES: u32 =) [^;]*/, "$1 200", "LINK_RX_BYTES must be a power of two"],
  ["assembly/config.ts", /(LINK_RX_BYTES: u32 =) [^;]*/, "$1 0", "LINK_RX_BYTES must be a power of two"],
  [
    "assembly/config.ts",
    /(LINK_RX_BYTES: u32 =) [^;]*/,
    "$1 128",
    "FRAME_DATA_BYTES must be at most half of LINK_RX_BYTES",
  ],
  ["assembly/config.ts", /(LINK_TX_BYTES: u32 =) [^;]*/, "$1 274", "LINK_TX_BYTES must hold two frames"],
  ["assembly/config.ts", /(LINK_TX_BYTES: u32 =) [^;]*/, "$1 4096", "LINK_TX_BYTES must be at most 1460"],
  [
    "assembly/link/at/ublox.ts",
    /isDefined\(WITH_UBLOX\) && \(LINK_TX_BYTES > 1024/,
    "(LINK_TX_BYTES > 256",
    "LINK_TX_BYTES and LINK_RX_BYTES must be at most 1024",
  ],
  ["assembly/config.ts", /(FRAME_DATA_BYTES: u32 =) 128/, "$1 248", "FRAME_DATA_BYTES must be at most 247"],
  ["assembly/config.ts", /(TLS_RECORD_BYTES: u32 =) [^;]*/, "$1 2048", "TLS_RECORD must be 512 or 1024"],
  ["assembly/config.ts", /(STORE_LIVE_PERCENT: u32 =) 75/, "$1 100", "STORE_LIVE_PERCENT must be 1 to 90"],
  ["assembly/config.ts", /(COUNTER_BLOCK: u32 =) 256/, "$1 0", "COUNTER_BLOCK must be 1 to 65536"],
  ["assembly/config.ts", /(ANSWER_BYTES: u32 =) 1_152/, "$1 1_024", "ANSWER_BYTES must be at least 1131"],
  ["assembly/config.ts", /(OVERLAY_BYTES: u32 =) [^;]*/, "$1 1_144", "OVERLAY_BYTES must hold a handshake message"],
  ["assembly/identity/facts.ts", /(TOKEN_BYTES: u32 =) 16/, "$1 25", "a token and the hash of its order must fit"],
  ["assembly/config.ts", /(RETRY_MS: u32 =) 1_000/, "$1 1", "RETRY_MS must be 2 to RETRY_MAX_MS"],
  ["assembly/config.ts", /(PROGRESS_MS: u32 =) 90_000/, "$1 60_000", "PROGRESS_MS must be at least twice EXCHANGE_MS"],
  ["assembly/app/app.ts", /"signet"/, `"${"n".repeat(33)}"`, "the application's NAME must have 1 to 32 bytes"],
  ["assembly/app/app.ts", /"0\.1\.0"/, `""`, "the application's VERSION must have 1 to 32 bytes"],
  [
    "assembly/link/stream.ts",
    /(FAMILY_BYTES: u32 =) [^;]*/,
    "$1 224",
    "FAMILY_BYTES must hold the state of the framed",
  ],
  ["assembly/link/stream.ts", /(FAMILY_BYTES: u32 =) [^;]*/, "$1 156", "FAMILY_BYTES must hold the state of a driver"],
  ["assembly/link/stream.ts", /isDefined\(ROAD_HTTP\)/, "true", "ROAD_HTTP is for the driver of ESP-AT alone"],
  ["assembly/link/stream.ts", /isDefined\(ROAD_UDP\)/g, "true", "ROAD_UDP is for the driver of ESP-AT or of Quectel"],
  ["assembly/link/stream.ts", /isDefined\((ROAD_UDP|WITHOUT_TLS)\)/g, "true", "a tunnel carries TLS: "],
  [
    "assembly/exchange/exchange.ts",
    /isDefined\((ROAD_MQTT|WITHOUT_TLS)\)/g,
    "true",
    "ROAD_MQTT needs TLS over a stream",
  ],
  [
    "assembly/device/features.ts",
    /isDefined\((MQTT_CLIENT|WITHOUT_TLS)\)/g,
    "true",
    "MQTT_CLIENT is inside TLS: it excludes WITHOUT_TLS",
  ],
  [
    "assembly/link/_families.ts",
    /!isDefined\(WITHOUT_(FRAMED|ESP_AT)\)/g,
    "false",
    "an image needs the driver of a module",
  ],
];

/** Return the compiler's output for the firmware with one file changed. */
async function compile(path = "", from = /(?:)/, to = ""): Promise<string> {
  const { error, stderr } = await asc.main(
    ["assembly/main.ts", "--config", join(ROOT, "asconfig.json"), "--noEmit", "-O0"],
    {
      readFile: (name, base) => read(join(base, name), path, from, to),
      listFiles: () => null,
    },
  );
  return error === null ? "" : stderr.toString();
}

function read(file: string, path: string, from: RegExp, to: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return null;
  }
  if (join(ROOT, path) !== join(ROOT, file)) return text;
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${path} has no ${String(from)}`);
  return changed;
}

/** Each: what stands in place of a use of text, and what the compiler must say. */
const MISUSES: [string, RegExp, string][] = [
  ["bytesOf(OTHER)", /bytesOf\(NAME\)/, "bytesOf takes a constant of this file"],
  ["fnv1a(NAME)", /bytesOf\(NAME\)/, "fnv1a takes one string literal"],
  ['memory.data<u32>(["signet"])', /memory\.data<u8>\(\["signet"\]\)/, "text must be in memory.data<u8>"],
];

describe("the compiler", () => {
  for (const [to, from, sentence] of MISUSES) {
    it(`refuses ${to}`, async () => {
      assert.match(await compile("assembly/app/app.ts", from, to), new RegExp(sentence));
    });
  }
  it("accepts the firmware as it is", async () => {
    assert.equal(await compile(), "");
  });

  for (const [path, from, to, says] of PLANTED) {
    it(`refuses ${from.source.replace(/\W*:.*/, "").replace(/^\W+/, "")} = ${to.replace("$1 ", "")}: ${says}`, async () => {
      assert.match(await compile(path, from, to), new RegExp(`User-defined: "${says}`));
    });
  }
});
