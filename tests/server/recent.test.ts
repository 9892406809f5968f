// weight: 12 s, 0.4 cores
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BURST_OF_DEVICE, BURST_OF_NOBODY, RecentRefusals } from "../../tools/server/refusal.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, missing, refusal, serve, text } from "./harness.ts";
import { until } from "./wait.ts";

const entry = (at: number) => ({ device: null, asked: "report", reason: "bad-signature", at }) as const;

void test("refusals are remembered by device, in bounds, and unknown devices evict none", () => {
  const recent = new RecentRefusals();
  recent.note("mine", entry(1), 1);
  for (let i = 0; i < 5000; i++) recent.note(null, entry(i), i);
  assert.deepEqual(recent.of("mine"), { counts: { "bad-signature": 1 }, recent: [entry(1)] });
  assert.deepEqual(recent.of(null).counts, { "bad-signature": 5000 });
  assert.equal(recent.of(null).recent.length, 20);
  assert.equal(recent.of(null).recent[0]!.at, 4999, "the newest first");
  for (let i = 0; i < 1000; i++) recent.note(`device ${i}`, entry(i), i);
  assert.deepEqual(recent.of("mine").counts, {}, "a thousand others were refused since");
});

void test("a burst is reported once, grows while it lasts, and a quiet minute ends it", () => {
  const recent = new RecentRefusals();
  const begun = (device: string | null, from: number, many: number): number =>
    Array.from({ length: many }, (_, i) => recent.note(device, entry(0), from + i)).filter(Boolean).length;
  assert.equal(begun("d", 0, BURST_OF_DEVICE - 1), 0);
  assert.equal(begun("d", 100_000, BURST_OF_DEVICE - 1), 0, "as many, a minute later");
  assert.equal(begun("d", 100_100, 500), 1);
  assert.equal(begun("d", 150_000, 500), 0, "the same burst");
  assert.deepEqual([recent.bursts.length, recent.bursts[0]!.count], [1, 2 * 500 + BURST_OF_DEVICE - 1]);
  assert.equal(begun("d", 300_000, BURST_OF_DEVICE), 1);
  assert.equal(begun(null, 400_000, BURST_OF_NOBODY - 1), 0);
  assert.equal(begun(null, 400_500, 1), 1);
  assert.deepEqual(
    recent.bursts.map(({ device }) => device),
    ["d", "d", null],
  );
});

void test("an operator can query the refusals of a device, of unknown devices, and the alarm of a burst", async (t) => {
  const server = await serve(t, { policy: "allowlist" });
  const stranger = server.device();
  await exchange.enrol(stranger, server.url);
  const known = server.device();
  const body = JSON.stringify({ ids: [hex(known.id)] });
  await ask(server, server.adminToken, "/v1/invitations", { method: "POST", body });
  await exchange.enrol(known, server.url);
  const alarms: unknown[] = [];
  server.intake.happenings.on("happening", (happening) => happening.kind === "alarm" && alarms.push(happening.what));
  for (let i = 0; i < BURST_OF_DEVICE; i++) {
    const forged = known.report(text("x"));
    forged[forged.length - 1]! ^= 1;
    await refusal(server, "reports", forged);
  }
  const get = async (path: string) => (await ask(server, server.adminToken, path)).body;
  const own = await get(`/v1/refusals?device=${hex(known.id)}`);
  assert.deepEqual(own.counts, { "bad-signature": BURST_OF_DEVICE });
  const others = await get("/v1/refusals");
  assert.deepEqual(others.counts, { "not-invited": 1 });
  assert.equal(others.recent[0].device, hex(stranger.id));
  assert.deepEqual(alarms, ["burst of refusals, first bad-signature"]);
  const [burst] = (await get("/v1/alarms")).bursts;
  assert.deepEqual([burst.device, burst.count], [hex(known.id), BURST_OF_DEVICE]);
  assert.deepEqual(await get("/v1/me"), { name: "first", scope: "admin", label: null });
});

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: devices are found by the first digits of their id, and by their state`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const ids = [];
      for (let i = 0; i < 8; i++) ids.push(hex((await enrolled(server)).id));
      const find = async (query: string): Promise<string[]> =>
        (await ask(server, server.adminToken, `/v1/devices?${query}`)).body.devices.map(({ id }: { id: string }) => id);
      for (const digits of [1, 2, 3, 63, 64]) {
        const wanted = ids[0]!.slice(0, digits);
        assert.deepEqual((await find(`id=${wanted}`)).toSorted(), ids.filter((id) => id.startsWith(wanted)).toSorted());
      }
      await ask(server, server.adminToken, `/v1/devices/${ids[3]}/suspend`, { method: "POST", body: "{}" });
      assert.deepEqual(await find("state=suspended"), [ids[3]]);
      assert.equal((await find("state=active")).length, 7);
      assert.equal((await ask(server, server.adminToken, "/v1/devices?id=zz")).status, 400);
    },
  );
}

void test("a reader that does not read its event stream is cut off, and costs no more", async (t) => {
  const server = await serve(t);
  const socket = connect(server.port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.pause();
  socket.write(`GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.adminToken}\r\n\r\n`);
  const listeners = (): number => server.intake.happenings.listenerCount("happening");
  await until("the stream is open", () => listeners() > 0);
  let told = 0;
  for (; listeners() > 0 && told < 1_000_000; told++) {
    server.intake.tell({ kind: "alarm", device: null, what: "x".repeat(200), at: 0 });
    if (told % 100 === 0) await sleep(0);
  }
  assert.equal(listeners(), 0, `still fed after ${told}`);
});
