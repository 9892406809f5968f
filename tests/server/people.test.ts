// weight: 9 s, 0.5 cores
/** Names, notes and labels of devices, and lists by them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import { ORDERS } from "../../tools/server/devices.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import {
  FLAVOURS,
  ask,
  decide,
  enrolled,
  missing,
  order,
  rows,
  serve,
  text,
  type Fixture,
  type Json,
} from "./harness.ts";

function describe(server: Fixture, device: Device, body: object, token = server.adminToken): ReturnType<typeof ask> {
  const path = `/v1/devices/${hex(device.id)}`;
  return ask(server, token, path, { method: "PATCH", body: JSON.stringify(body) });
}

async function list(server: Fixture, query: string): Promise<Json> {
  const { status, body } = await ask(server, server.adminToken, `/v1/devices?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function findings(server: Fixture): Promise<readonly object[]> {
  return (await audit(server.store, keyFile.load(server.options.key!))).findings;
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: a name, a note and labels are kept, logged, and go with the key`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    const given = { name: "Halle Süd, Pumpe 7 🌡", note: "behind the door", labels: ["site/halle", "Süd", "Süd"] };
    const { status, body } = await describe(server, device, given);
    assert.deepEqual([status, body], [200, { ...given, labels: ["Süd", "site/halle"] }]);
    // The same again changes nothing, and is not logged. A letter and its mark are the letter with the mark.
    const before = await rows(server);
    await describe(server, device, { ...given, labels: ["site/halle", "Su\u0308d"] });
    assert.deepEqual(await rows(server), before);
    await describe(server, device, { note: "" });
    const view = (await ask(server, server.adminToken, `/v1/devices/${hex(device.id)}`)).body;
    assert.deepEqual([view.name, view.note, view.labels], [given.name, "", ["Süd", "site/halle"]]);
    const { entries } = (await ask(server, server.adminToken, "/v1/log?limit=2")).body;
    assert.deepEqual(
      entries.map(({ action, actor, device: about, detail }: Json) => [action, actor, about, detail]),
      [
        ["describe", "first", hex(device.id), { note: "" }],
        ["describe", "first", hex(device.id), { ...given, labels: "Süd,site/halle" }],
      ],
    );
    for (const bad of [
      { name: "two\nlines" },
      { labels: ["a,b"] },
      { labels: [""] },
      { labels: Array(17).fill("a") },
      { id: "x" },
    ])
      assert.equal((await describe(server, device, bad)).status, 400, JSON.stringify(bad));
    assert.equal((await describe(server, server.device(), { name: "x" })).status, 404);
    // The next key of the device has them, and the key before does not.
    const successor = device.successor(await order(server, device));
    assert.equal((await exchange.enrol(successor, server.url)).kind, "accepted");
    const { devices } = await list(server, "label=S%C3%BCd");
    assert.deepEqual(
      devices.map((one: Json) => [one.id, one.name, one.labels]),
      [[hex(successor.id), given.name, ["Süd", "site/halle"]]],
    );
    assert.deepEqual(await findings(server), []);
    await server.store.read.deleteFrom("labels").where("label", "=", "Süd").execute();
    assert.deepEqual(await findings(server), [
      { table: "labels", row: hex(successor.id), what: "removed or inserted: the log says otherwise" },
    ]);
  });

  void test(`${flavour}: a new board takes the place of a dead one, and both identities stay`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const first = await enrolled(server);
    await describe(server, first, { name: "pump 7", labels: ["cellar"] });
    await exchange.report(first, server.url, text("first"));
    const dead = first.successor(await order(server, first));
    assert.equal((await exchange.enrol(dead, server.url)).kind, "accepted");
    await exchange.report(dead, server.url, text("dead"));
    const board = await enrolled(server);
    const replace = async (old: Device, by: Device, token = server.adminToken): Promise<number> => {
      const body = JSON.stringify({ by: hex(by.id), reason: "water" });
      return (await ask(server, token, `/v1/devices/${hex(old.id)}/replace`, { method: "POST", body })).status;
    };
    assert.deepEqual([await replace(dead, dead), await replace(first, board)], [409, 409]);
    assert.deepEqual([await replace(server.device(), board), await replace(dead, server.device())], [404, 404]);
    assert.equal(await replace(dead, board), 200);
    assert.equal(await replace(dead, board), 409);
    assert.equal(await replace(dead, await enrolled(server)), 409);
    await exchange.report(board, server.url, text("board"));
    const { devices } = await list(server, "label=cellar");
    assert.deepEqual(
      devices.map((one: Json) => [one.id, one.name, one.state]),
      [[hex(board.id), "pump 7", "active"]],
    );
    // The dead one speaks no more, and what it said is still there.
    assert.equal((await exchange.report(dead, server.url, text("x"))).kind, "refused");
    assert.deepEqual(
      (await server.reports(hex(dead.id))).map((report) => report.text),
      ["dead"],
    );
    const history = async (limit: number): Promise<Json> =>
      (await ask(server, server.adminToken, `/v1/devices/${hex(board.id)}/history?limit=${limit}`)).body;
    const whole = await history(10);
    assert.deepEqual(
      whole.devices.map(({ id, how }: Json) => [id, how]),
      [
        [hex(first.id), "key"],
        [hex(dead.id), "board"],
        [hex(board.id), null],
      ],
    );
    assert.deepEqual(
      whole.reports.map((report: Json) => report.text),
      ["first", "dead", "board"],
    );
    assert.deepEqual(
      (await history(2)).reports.map((report: Json) => report.text),
      ["dead", "board"],
    );
    const { entries } = (await ask(server, server.adminToken, "/v1/log?limit=2")).body;
    assert.deepEqual(
      [entries[1].action, entries[1].device, entries[1].detail],
      ["replace-board", hex(dead.id), { successor: hex(board.id), reason: "water" }],
    );
    assert.deepEqual(await findings(server), []);
  });

  void test(`${flavour}: lists by every filter, and by cursor in every order`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const all: Device[] = [];
    for (let i = 0; i < 7; i++) {
      server.clock.pass(1000);
      const device = await enrolled(server, { model: i % 2 ? "microbit" : "mps2-an386", version: `1.${i % 3}` });
      for (let r = 0; r < i % 3; r++) await exchange.report(device, server.url, text("x"));
      if (i < 5) await describe(server, device, { name: `pump ${7 - i}`, labels: [i < 3 ? "north" : "south", "all"] });
      all.push(device);
    }
    const at = server.clock.now;
    server.clock.pass(60_000);
    await exchange.report(all[0]!, server.url, text("x"));
    await decide(server, all[6]!, "suspend");
    const ids = async (query: string): Promise<number[]> =>
      (await list(server, query)).devices.map(({ id }: Json) => all.findIndex((one) => hex(one.id) === id));
    for (const [query, wanted] of [
      ["label=north", [0, 1, 2]],
      ["label=none", []],
      ["board=microbit", [1, 3, 5]],
      ["firmware=1.2", [2, 5]],
      ["state=suspended", [6]],
      [`since=${at + 1}`, [0]],
      [`silentSince=${at + 1}`, [1, 2, 3, 4, 5, 6]],
      [`silentSince=${at + 1}&label=all&board=mps2-an386`, [2, 4]],
      ["name=PUMP+6", [1]],
      ["name=%25", []],
      [`id=${hex(all[3]!.id).slice(0, 9)}`, [3]],
    ] as const)
      assert.deepEqual((await ids(query)).toSorted(), wanted, query);
    for (const by of ORDERS) {
      const whole = await ids(`order=${by}`);
      assert.equal(whole.length, 7);
      const parts: number[] = [];
      let cursor: string | null = "";
      for (let pages = 0; cursor !== null; pages++) {
        assert.ok(pages < 4, by);
        const page: Json = await list(server, `order=${by}&limit=3${cursor && `&cursor=${cursor}`}`);
        parts.push(...page.devices.map(({ id }: Json) => all.findIndex((one) => hex(one.id) === id)));
        cursor = page.next;
      }
      assert.deepEqual(parts, whole, by);
    }
    assert.deepEqual(await ids("order=name&limit=3&label=all"), [4, 3, 2]);
    assert.deepEqual((await ids("order=-lastSeen")).slice(0, 2), [0, 6]);
    const { next } = await list(server, "limit=1&order=name");
    for (const query of [
      `order=-name&cursor=${next}`,
      "cursor=x",
      `order=id&cursor=${Buffer.from("[1").toString("base64url")}`,
    ])
      assert.equal((await ask(server, server.adminToken, `/v1/devices?${query}`)).status, 400, query);
  });
}
