import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hex } from "../../../tools/wire/bytes.ts";
import { encode } from "../../../tools/wire/cbor.ts";
import type { Device } from "../../../tools/wire/device.ts";
import * as exchange from "../../../tools/wire/exchange.ts";
import { enrolled, serve, type Fixture } from "../harness.ts";
import { close, leave, missing as skip, open, picture, signIn } from "./browser.ts";

after(close);

/** A reading as the firmware's `app/reading.ts` writes it. */
function reading(milliCelsius: number, uptime: number): Uint8Array {
  return encode(
    new Map([
      [1, milliCelsius],
      [2, uptime],
    ]),
  );
}

async function report(device: Device, server: Fixture, data: Uint8Array): Promise<void> {
  const verdict = await exchange.report(device, server.url, data);
  assert.equal(verdict.kind, "accepted", JSON.stringify(verdict));
}

void test("devices are listed, and a report shows without a reload", { skip }, async (t) => {
  const server = await serve(t, { clock: Date.now });
  const device = await enrolled(server, { model: "mps2-an386" });
  await report(device, server, reading(20_435, 0));
  const tab = await open(t, server.url);
  await picture(tab, "sign-in");
  await signIn(tab, server.adminToken!);
  const row = tab.page.getByRole("row").filter({ hasText: hex(device.id).slice(0, 8) });
  await row.getByText("active").waitFor();
  await picture(tab, "devices");
  const loads = tab.asked.filter((address) => address === `${server.url}/`).length;
  await report(device, server, reading(20_500, 1));
  await row.getByRole("cell", { name: "2", exact: true }).first().waitFor();
  assert.equal(tab.asked.filter((address) => address === `${server.url}/`).length, loads);
  await leave(tab);
});
