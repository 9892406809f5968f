// weight: 9 s, 0.6 cores
/** Tokens that reach the devices of one label, the transfer of a device to another owner, and claims and commands that are withdrawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { openapi } from "../../tools/server/openapi.ts";
import { runToken } from "../../tools/server/token_desk.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import {
  FLAVOURS,
  ask,
  command,
  enrolled,
  missing,
  order,
  post,
  refusal,
  rows,
  serve,
  text,
  type Fixture,
  type Json,
} from "./harness.ts";

type Answer = ReturnType<typeof ask>;

const at = (device: Device, verb = ""): string => `/v1/devices/${hex(device.id)}${verb}`;

async function labelled(server: Fixture, label: string): Promise<Device> {
  const device = await enrolled(server);
  const body = JSON.stringify({ name: `pump of ${label}`, labels: [label] });
  assert.equal((await ask(server, server.adminToken, at(device), { method: "PATCH", body })).status, 200);
  return device;
}

async function tokenOf(server: Fixture, label: string, scope = "admin"): Promise<string> {
  const { status, body } = await post(server, "/v1/tokens", { name: label, scope, label });
  assert.equal(status, 200, JSON.stringify(body));
  return body.token;
}

async function findings(server: Fixture): Promise<readonly object[]> {
  return (await audit(server.store, keyFile.load(server.options.key!))).findings;
}

/** Read events with a token until `isLast` tells of the one that ends the reading. */
async function heard(server: Fixture, token: string, act: () => Promise<unknown>, isLast: (event: Json) => boolean) {
  const ending = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/v1/events`, { headers, signal: ending.signal });
  const events: Json[] = [];
  let read = "";
  for await (const part of response.body!.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    if (read === "") await act();
    read += part;
    events.splice(0, Infinity, ...[...read.matchAll(/^data: (.*)\n/gm)].map(([, data]) => JSON.parse(data!)));
    if (events.some(isLast)) break;
  }
  ending.abort();
  return events;
}

/** Bodies that are valid, for the routes that need one. */
function bodyOf(path: string, method: string, server: Fixture, other: string): object {
  const expiresAt = server.clock.now + 1e6;
  if (path.endsWith("/downlinks")) return { data: "00", expiresAt };
  if (path.endsWith("/rotate")) return { expiresAt };
  if (path.endsWith("/replace")) return { by: other };
  if (path.endsWith("/transfer")) return { from: "owner:b", to: "owner:a" };
  if (path === "/v1/devices/{id}" && method === "patch") return { note: "x" };
  const bodies: Record<string, object> = {
    "/v1/claims": { count: 1, expiresAt },
    "/v1/claims/withdraw": { ids: [other] },
    "/v1/invitations": { ids: [other] },
    "/v1/letters/send": { ids: ["log/1"] },
    "/v1/letters/drop": { ids: ["log/1"] },
    "/v1/tokens": { name: "more", scope: "admin" },
    "/v1/tokens/end": { name: "first" },
    "/v1/rules": { name: "x", silent: 1e6 },
    "/v1/rules/end": { name: "x" },
    "/v1/alarms/acknowledge": { seqs: [1] },
    "/v1/authorize": { clientid: other, password: "" },
  };
  return bodies[path] ?? {};
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: a token with a label reaches no other device on any route`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const [own, other] = [await labelled(server, "owner:a"), await labelled(server, "owner:b")];
    for (const device of [own, other]) {
      await exchange.report(device, server.url, text("21.5 C"));
      const contradiction = device.report(text("x"), { after: { counter: 0, hash: new Uint8Array(32) }, counter: 1 });
      assert.equal((await refusal(server, "reports", contradiction)).reason, "forked");
    }
    const token = await tokenOf(server, "owner:a");
    const before = await rows(server);
    const paths = openapi()["paths"] as Record<string, Record<string, object>>;
    const reached = new Map<string, string>();
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods).filter(() => path !== "/v1/events")) {
        const body = method === "get" ? {} : { body: JSON.stringify(bodyOf(path, method, server, hex(other.id))) };
        const where = path
          .replace("{id}", hex(other.id))
          .replace("{hash}", hex(other.id))
          .replace(/\{\w+\}/g, "1");
        const { status, body: told } = await ask(server, token, where, { method: method.toUpperCase(), ...body });
        const name = `${method} ${path}`;
        if (path.includes("{id}")) assert.ok([403, 404].includes(status), `${name}: ${status}`);
        else assert.ok(status === 200 || status === 403, `${name}: ${status}`);
        assert.ok(!JSON.stringify(told).includes(hex(other.id)), name);
        if (status === 200) reached.set(name, JSON.stringify(told));
      }
    assert.deepEqual(await rows(server), before);
    // Some lists are there for it, with its own device and without the other.
    for (const name of ["get /v1/devices", "get /v1/alarms"]) assert.ok(reached.get(name)!.includes(hex(own.id)), name);
    assert.equal(JSON.parse(reached.get("get /v1/totals")!).devices.suspended, 1);
    assert.deepEqual(JSON.parse(reached.get("get /v1/me")!), { name: "owner:a", scope: "admin", label: "owner:a" });
    assert.equal((await ask(server, token, `/v1/refusals?device=${hex(other.id)}`)).status, 404);
    assert.equal((await ask(server, token, `/v1/refusals?device=${hex(own.id)}`)).status, 200);
    assert.equal((await ask(server, token, "/v1/devices?label=owner:b")).body.devices.length, 0);
    // It may decide about its own device, and not about labels: they give rights.
    assert.equal((await post(server, at(own, "/restore"), {}, token)).status, 200);
    for (const [body, status] of [
      [{ note: "seen" }, 200],
      [{ labels: ["owner:b"] }, 403],
    ] as const)
      assert.equal((await ask(server, token, at(own), { method: "PATCH", body: JSON.stringify(body) })).status, status);
    assert.equal((await post(server, at(other, "/restore"), {})).status, 200);
    const events = await heard(
      server,
      token,
      async () => {
        await exchange.enrol(other, server.url);
        await exchange.enrol(own, server.url);
      },
      ({ device }) => device === hex(own.id),
    );
    assert.deepEqual(
      events.map(({ kind, device }) => [kind, device]),
      [["enrol", hex(own.id)]],
    );
    // A label that a writer of the database inserts is shown nothing by, and decides nothing.
    const row = await server.store.read.selectFrom("labels").selectAll().executeTakeFirstOrThrow();
    await server.store.read
      .insertInto("labels")
      .values({ ...row, device: other.id, label: "owner:a" })
      .execute();
    assert.equal((await ask(server, token, at(other))).status, 404);
    assert.equal((await post(server, at(other, "/revoke"), {}, token)).status, 404);
  });

  void test(
    `${flavour}: a transferred device shows its old owner nothing new, and its new one nothing old`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await labelled(server, "owner:a");
      const [a, b] = [await tokenOf(server, "owner:a"), await tokenOf(server, "owner:b")];
      await exchange.report(device, server.url, text("of a"));
      assert.equal(
        (await post(server, at(device, "/downlinks"), { data: "0a", expiresAt: server.clock.now + 1e9 }, a)).status,
        200,
      );
      server.clock.pass(60_000);
      for (const [body, status] of [
        [{ from: "owner:x", to: "owner:b" }, 409],
        [{ from: "owner:a", to: "owner:a" }, 409],
      ] as const)
        assert.equal((await post(server, at(device, "/transfer"), body)).status, status);
      assert.equal(
        (await post(server, at(server.device(), "/transfer"), { from: "owner:a", to: "owner:b" })).status,
        404,
      );
      const sold = await post(server, at(device, "/transfer"), { from: "owner:a", to: "owner:b", reason: "sold" });
      assert.deepEqual(sold, { status: 200, body: { withdrawn: 1 } });
      const verdict = await exchange.report(device, server.url, text("of b"));
      assert.ok(verdict.kind === "accepted");
      assert.deepEqual(verdict.downlinks, []);
      for (const path of ["", "/reports", "/export", "/history", "/downlinks"])
        assert.equal((await ask(server, a, at(device, path))).status, 404, path);
      assert.equal(
        (await post(server, at(device, "/downlinks"), { data: "0a", expiresAt: server.clock.now + 1e9 }, a)).status,
        404,
      );
      assert.deepEqual((await ask(server, a, "/v1/devices")).body.devices, []);
      const seen = async (verb: string): Promise<string> =>
        JSON.stringify((await ask(server, b, at(device, verb))).body);
      assert.equal((await ask(server, b, at(device))).body.labels.join(), "owner:b");
      for (const verb of ["/reports", "/history", "/export", "/reports?since=1"]) {
        const told = await seen(verb);
        assert.ok(told.includes("of b") && !told.includes("of a"), verb);
      }
      assert.deepEqual(JSON.parse(await seen("/downlinks")), { commands: [] });
      const all = await ask(server, server.adminToken, at(device, "/downlinks"));
      assert.deepEqual(
        all.body.commands.map(({ counter, state, data }: Json) => [counter, state, data]),
        [[1, "withdrawn", "0a"]],
      );
      const { entries } = (await ask(server, server.adminToken, "/v1/log?limit=3")).body;
      assert.deepEqual(
        entries.map(({ action, detail }: Json) => [action, detail]),
        [
          ["describe", { labels: "owner:b" }],
          ["transfer", { from: "owner:a", to: "owner:b", reason: "sold" }],
          ["withdraw", { counters: "1", reason: "sold" }],
        ],
      );
      // The new owner goes on with the next key of the device.
      const next = device.successor(await order(server, device));
      assert.equal((await exchange.enrol(next, server.url)).kind, "accepted");
      assert.ok(!JSON.stringify((await ask(server, b, at(next, "/history"))).body).includes("of a"));
      assert.deepEqual(await findings(server), []);
    },
  );

  void test(`${flavour}: withdrawn claims admit no device, and withdrawn commands reach none`, { skip }, async (t) => {
    const server = await serve(t, { policy: "claim" }, flavour);
    const expiresAt = server.clock.now + 1e9;
    const made = (await post(server, "/v1/claims", { count: 3, expiresAt, note: "box 7" })).body;
    const claims = (made.claims as string[]).map((claim) => fromHex(claim)!);
    assert.deepEqual(
      made.ids,
      claims.map((claim) => hex(hash(claim))),
    );
    const device = await enrolled(server, { claim: claims[0]! });
    const old = await server.store.read.selectFrom("claims").selectAll().where("hash", "=", hash(claims[1]!)).execute();
    const withdraw = (ids: string[]): Answer => post(server, "/v1/claims/withdraw", { ids, reason: "lost" });
    assert.deepEqual((await withdraw(made.ids.slice(0, 2))).body, { withdrawn: 1 });
    assert.deepEqual((await withdraw(made.ids.slice(0, 2))).body, { withdrawn: 0 });
    assert.equal((await exchange.enrol(server.device({ claim: claims[1]! }), server.url)).kind, "refused");
    const listed = async (query: string): Promise<Json> =>
      (await ask(server, server.adminToken, `/v1/claims?${query}`)).body;
    for (const [i, state] of ["used", "withdrawn", "open"].entries()) {
      const { claims: found, next } = await listed(`state=${state}`);
      assert.deepEqual(
        found.map((one: Json) => [one.id, one.state, one.note]),
        [[made.ids[i], state, "box 7"]],
      );
      assert.equal(next, null);
    }
    const first = await listed("limit=2");
    const second = await listed(`limit=2&cursor=${first.next}`);
    const ids = [...first.claims, ...second.claims].map(({ id }: Json) => id);
    assert.deepEqual(ids.toSorted(), made.ids.toSorted());
    server.clock.pass(1e9 + 1);
    assert.equal((await listed("state=expired")).claims.length, 1);

    for (const data of ["01", "02", "03"]) await command(server, device, data);
    const stop = (body: object): Answer => post(server, at(device, "/downlinks/withdraw"), body);
    assert.deepEqual((await stop({ counter: 2, reason: "wrong valve" })).body, { withdrawn: 1 });
    const verdict = await exchange.report(device, server.url, text("x"));
    assert.ok(verdict.kind === "accepted");
    assert.deepEqual(
      verdict.downlinks.map(({ counter }) => counter),
      [1],
    );
    assert.equal((await stop({})).body.withdrawn, 2);
    assert.equal((await post(server, at(server.device(), "/downlinks/withdraw"), {})).status, 404);
    // An order that was withdrawn after it was sent: the device keeps its key.
    const rotate = await order(server, device);
    assert.deepEqual((await stop({})).body, { withdrawn: 1 });
    assert.equal((await exchange.enrol(device.successor(rotate), server.url)).kind, "refused");
    assert.equal((await exchange.report(device, server.url, text("still here"))).kind, "accepted");
    const { commands } = (await ask(server, server.adminToken, at(device, "/downlinks"))).body;
    assert.deepEqual(
      commands.map((one: Json) => [one.counter, one.state, one.isOrder, one.data]),
      [
        [4, "withdrawn", true, null],
        [3, "withdrawn", false, "03"],
        [2, "withdrawn", false, "02"],
        [1, "obeyed", false, "01"],
      ],
    );
    assert.deepEqual(await findings(server), []);
    // The row of before, with its right seal, does not bring the claim back unseen.
    await server.store.read.updateTable("claims").set(old[0]!).where("hash", "=", old[0]!.hash).execute();
    assert.deepEqual(await findings(server), [
      { table: "claims", row: made.ids[1], what: "altered: the log says otherwise about its withdrawal" },
    ]);
  });

  void test(`${flavour}: the last use of a token is kept, and its label is shown`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const { database, key } = server.options;
    const options = { database, key: key!, scope: "read", label: "owner:a" } as const;
    const token = (await runToken("make", "machine", options, server.clock.now)).trim();
    const used = async (from: Fixture): Promise<Json[]> =>
      (await ask(from, server.adminToken, "/v1/tokens")).body.tokens
        .map((one: Json) => [one.name, one.label, one.usedAt])
        .toSorted();
    assert.deepEqual(await used(server), [
      ["first", null, server.clock.now],
      ["machine", "owner:a", null],
    ]);
    const time = server.clock.now;
    await ask(server, token, "/v1/me");
    server.clock.pass(5000);
    const again = await server.restart();
    assert.deepEqual(await used(again), [
      ["first", null, time + 5000],
      ["machine", "owner:a", time],
    ]);
    assert.match(await runToken("list", undefined, options, time), /^machine {2}read of owner:a .* used 2026-01-01 /m);
    assert.throws(() => runToken("make", "x", { ...options, label: "a,b" }), /no label/);
    assert.deepEqual(await findings(again), []);
  });
}
