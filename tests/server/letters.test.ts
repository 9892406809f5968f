// weight: 12 s, 0.4 cores
/** Dead letters: items that the receiver of the webhook refuses while it accepts others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { audit } from "../../tools/server/audit.ts";
import * as deadLetters from "../../tools/server/dead_letters.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { runLetters } from "../../tools/server/letter_desk.ts";
import { Trouble } from "../../tools/trouble.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, missing, text, type Fixture } from "./harness.ts";
import { atLeastOnce, receiver, serveFor, told, until } from "./receiver.ts";

/** The dead letters by their ids. */
async function lettersOf(server: Fixture): Promise<string[]> {
  const { body } = await ask(server, server.adminToken, "/v1/letters");
  return body.letters.map(({ id }: { id: string }) => id);
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: an item that is refused while others are accepted is set aside, then sent again or dropped`,
    { skip: missing(flavour) },
    async (t) => {
      const to = await receiver(t);
      const server = await serveFor(t, to, flavour);
      const [one, other] = [await enrolled(server), await enrolled(server)];
      const second = `${hex(one.id)}/2`;
      to.refuses = ({ kind, device, counter, action }) =>
        kind === "report" ? device === hex(one.id) && counter === 2 : action === "suspend";
      const many = Array.from({ length: 6 }, (_, n) => text(`${n}`));
      for (const device of [one, other])
        assert.equal((await exchange.send(device, server.url, device.reports(many))).kind, "accepted");
      await ask(server, server.adminToken, `/v1/devices/${hex(other.id)}/suspend`, { method: "POST", body: "{}" });
      const isPosted = ({ id }: Device): boolean => told(to).get(hex(id))?.at(-1) === 6;
      await until(() => isPosted(one) && isPosted(other), "what follows is not posted");
      await until(() => to.taken.some(({ action }) => action === "alarm"), "the alarm is not posted");
      assert.deepEqual([...new Set(told(to).get(hex(one.id)))].toSorted(), [1, 3, 4, 5, 6]);
      assert.deepEqual(told(to).get(hex(other.id)), [1, 2, 3, 4, 5, 6]);
      const { store } = server;
      const entry = await store.read.selectFrom("audit").select("seq").where("action", "=", "suspend").execute();
      const suspension = `log/${entry[0]!.seq}`;
      const place = { store, keys: keyFile.load(server.options.key!) };
      const findings = async (): Promise<readonly object[]> => (await audit(store, place.keys)).findings;
      const metric = async (): Promise<string> =>
        /^signet_webhook_dead_letters (.*)$/m.exec((await ask(server, server.adminToken, "/metrics")).body)![1]!;
      assert.deepEqual(await lettersOf(server), [suspension, second]);
      assert.equal(await metric(), "2");
      const { alarms } = (await ask(server, server.adminToken, "/v1/alarms")).body;
      assert.deepEqual(
        alarms.map(({ detail }: { detail: { what: string } }) => detail.what),
        [deadLetters.ALARM],
      );
      const actions = to.taken.map(({ action }) => action);
      assert.ok(
        !actions.includes(deadLetters.SET_ASIDE) && actions.filter((action) => action === "alarm").length === 1,
      );
      assert.deepEqual(await findings(), []);
      // A row that is removed, altered or inserted is named.
      const rows = await store.read.selectFrom("dead_letters").selectAll().execute();
      const only = (row: (typeof rows)[number]): object => ({ stream: row.stream, position: row.position });
      for (const forged of [
        [rows[0]!],
        [rows[0]!, { ...rows[1]!, refused: "x" }],
        [...rows, { ...rows[0]!, position: 1 }],
      ]) {
        await store.read.deleteFrom("dead_letters").execute();
        await store.read.insertInto("dead_letters").values(forged).execute();
        assert.match(JSON.stringify(await findings()), /dead_letters/, JSON.stringify(forged.map(only)));
      }
      await store.read.deleteFrom("dead_letters").execute();
      await store.read.insertInto("dead_letters").values(rows).execute();
      // It is refused again, then accepted.
      const post = (verb: string, ids: string[], more = {}): ReturnType<typeof ask> =>
        ask(server, server.adminToken, `/v1/letters/${verb}`, {
          method: "POST",
          body: JSON.stringify({ ids, ...more }),
        });
      const [failures, requests] = [server.webhook!.counts.failures, to.requests];
      assert.deepEqual((await post("send", [second, `${hex(one.id)}/3`])).body, { wanted: 1 });
      await until(() => server.webhook!.counts.failures > failures, "not sent again");
      assert.ok(to.requests > requests);
      assert.deepEqual(await lettersOf(server), [suspension, second]);
      to.refuses = () => false;
      const key = server.options.key!;
      const { database } = server.options;
      assert.match(await runLetters("list", [], { database, key, reason: "" }), /^log\/\d+ .* status 400\n\w+\/2 /);
      assert.match(await runLetters("send", [second], { database, key, reason: "" }), /^1 will be sent/);
      await until(() => told(to).get(hex(one.id))!.at(-1) === 2, "not sent again");
      await until(() => to.taken.some(({ action }) => action === "accepted-late"), "not logged");
      assert.deepEqual(await lettersOf(server), [suspension]);
      assert.deepEqual((await post("drop", [suspension, second], { reason: "known" })).body, { dropped: 1 });
      assert.equal(await metric(), "0");
      await until(() => to.taken.some(({ action }) => action === "drop-letter"), "not logged");
      assert.ok(!to.taken.some(({ action }) => action === "suspend"));
      assert.deepEqual(to.faults, []);
      assert.deepEqual(await findings(), []);
      await assert.rejects(runLetters("drop", [], { database, key, reason: "" }), Trouble);
      await assert.rejects(runLetters("drop", ["x/1"], { database, key, reason: "" }), Trouble);
    },
  );
}

void test("a receiver that refuses every entry of the log: the reports are posted, and setting entries aside makes no more of them", async (t) => {
  const to = await receiver(t);
  to.refuses = ({ kind }) => kind === "entry";
  const server = await serveFor(t, to, "sqlite", { lastRetryMs: 20 });
  const device = await enrolled(server);
  // Each entry is compared with a report that was not posted yet.
  for (let n = 0; (await lettersOf(server)).length < 3; n++) {
    assert.equal((await exchange.report(device, server.url, text(`${n}`))).kind, "accepted");
    await pause(20);
  }
  // The first token, the enrolment, and the alarm.
  for (let n = 0; n < 20; n++) await exchange.report(device, server.url, text("more"));
  await until(() => told(to).get(hex(device.id))?.at(-1) === device.head.counter, "not posted");
  atLeastOnce(told(to).get(hex(device.id)), device.head.counter);
  assert.deepEqual(await lettersOf(server), ["log/1", "log/2", "log/4"]);
});

void test("several items in a row that are refused, and nothing else to post: each is set aside", async (t) => {
  const to = await receiver(t);
  const server = await serveFor(t, to, "sqlite", { lastRetryMs: 20 });
  await until(() => told(to).get("log")?.at(-1) === 1, "the first entry is not posted");
  to.refuses = ({ seq }) => seq >= 2 && seq <= 4;
  for (let n = 0; n < 4; n++) await enrolled(server);
  for (let left = 1000; left > 0 && (await lettersOf(server)).length < 3; left--) await pause(20);
  assert.deepEqual(await lettersOf(server), ["log/2", "log/3", "log/4"]);
  // After the fourth enrolment follow the entries that set the others aside, which are not posted, and the alarm.
  await until(() => told(to).get("log")?.at(-1) === 7, "what follows is not posted");
});
