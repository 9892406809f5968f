import assert from "node:assert/strict";
import { setAside } from "../../tools/server/dead_letters.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { ask, enrolled, order, refusal, text, type Fixture } from "./harness.ts";

/** A server with a past: devices, reports, a fork, claims, invitations, tokens, downlinks, decisions. */
export async function past(server: Fixture): Promise<void> {
  const post = (path: string, body: object, method = "POST"): ReturnType<typeof ask> =>
    ask(server, server.adminToken, path, { method, body: JSON.stringify(body) });
  for (let d = 0; d < 3; d++) {
    const device = await enrolled(server);
    for (let i = 0; i < 4; i++) await exchange.report(device, server.url, text(`${d}/${i}`));
    if (d === 0)
      await refusal(
        server,
        "reports",
        device.report(text("other"), { after: { counter: 3, hash: new Uint8Array(32) }, counter: 4 }),
      );
    if (d === 1)
      assert.equal(
        (await post(`/v1/devices/${hex(device.id)}/downlinks`, { data: "00", expiresAt: server.clock.now + 1e6 }))
          .status,
        200,
      );
    if (d === 2) assert.equal((await post(`/v1/devices/${hex(device.id)}/revoke`, {})).status, 200);
  }
  for (let d = 0; d < 2; d++) {
    const device = await enrolled(server);
    const described = { name: `pump ${d}`, labels: ["cellar", `pump-${d}`] };
    assert.equal((await post(`/v1/devices/${hex(device.id)}`, described, "PATCH")).status, 200);
    const successor = device.successor(await order(server, device));
    assert.equal((await exchange.enrol(successor, server.url)).kind, "accepted");
    assert.equal((await exchange.report(successor, server.url, text(`${d}`))).kind, "accepted");
  }
  const worn = await enrolled(server);
  const rule = { name: `worn, ${hex(worn.id)}`, label: "cellar", damaged: 1 };
  assert.equal((await post("/v1/rules", rule)).status, 200);
  const damaged = worn.report(text("x"), { damaged: 2 });
  assert.equal((await exchange.send(worn, server.url, [damaged])).kind, "accepted");
  const board = hex((await enrolled(server)).id);
  assert.equal((await post(`/v1/devices/${hex(worn.id)}/replace`, { by: board })).status, 200);
  const { body } = await ask(server, server.adminToken, "/v1/alarms");
  await post("/v1/alarms/acknowledge", { seqs: body.alarms.map(({ seq }: { seq: number }) => seq) });
  const { ids } = (await post("/v1/claims", { count: 3, expiresAt: server.clock.now + 1e6 })).body;
  await post("/v1/claims/withdraw", { ids: ids.slice(1) });
  const sold = { from: "cellar", to: "attic" };
  assert.deepEqual((await post(`/v1/devices/${board}/transfer`, sold)).status, 409);
  const { devices } = (await ask(server, server.adminToken, "/v1/devices?label=pump-0")).body;
  const pump = devices.find(({ labels }: { labels: string[] }) => labels.includes("cellar"));
  await post(`/v1/devices/${pump.id}/downlinks`, { data: "01", expiresAt: server.clock.now + 1e6 });
  assert.deepEqual((await post(`/v1/devices/${pump.id}/transfer`, sold)).body, { withdrawn: 1 });
  await post("/v1/invitations", { ids: ["11".repeat(32), "22".repeat(32)] });
  await post("/v1/tokens", { name: "gone", scope: "read" });
  await post("/v1/tokens/end", { name: "gone" });
  const place = { store: server.store, keys: keyFile.load(server.options.key!) };
  for (const position of [1, 2])
    await server.store.write((tx) =>
      setAside(place, tx, server.clock.now, { stream: new Uint8Array(0), position }, "status 400"),
    );
  await server.sequencer.look();
}
