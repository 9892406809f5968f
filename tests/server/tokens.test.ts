// weight: 10 s, 0.5 cores
/** Operators' tokens: their end, the list of them, and the way back for an operator who lost every token. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { audit } from "../../tools/server/audit.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { runToken } from "../../tools/server/token_desk.ts";
import { FLAVOURS, ask, missing, post, serve, type Fixture } from "./harness.ts";

const HOUR = 3_600_000;

async function me(server: Fixture, token: string): Promise<number> {
  return (await ask(server, token, "/v1/me")).status;
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a token expires at its time, and the list shows it without its secret`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const expiresAt = server.clock.now + HOUR;
      assert.equal((await post(server, "/v1/tokens", { name: "x", scope: "read", expiresAt: 1 })).status, 400);
      const { token } = (await post(server, "/v1/tokens", { name: "guest", scope: "read", expiresAt })).body;
      assert.equal(await me(server, token), 200);
      server.clock.pass(HOUR - 1);
      assert.equal(await me(server, token), 200);
      server.clock.pass(1);
      assert.equal(await me(server, token), 401);
      assert.equal(await me(server, server.adminToken!), 200);
      assert.equal((await ask(server, token, "/v1/tokens")).status, 401);
      const { body } = await ask(server, server.adminToken, "/v1/tokens");
      assert.deepEqual(
        body.tokens.map(({ name, scope, isValid }: Record<string, unknown>) => [name, scope, isValid]).toSorted(),
        [
          ["first", "admin", true],
          ["guest", "read", false],
        ],
      );
      assert.ok(!JSON.stringify(body).includes(token.slice(7)));
      // An attacker who can write the database cannot prolong a token.
      await server.store.read
        .updateTable("tokens")
        .set({ expires_at: expiresAt * 2 })
        .where("name", "=", "guest")
        .execute();
      assert.equal(await me(server, token), 401);
    },
  );

  void test(
    `${flavour}: an operator without any token makes one at the machine, while the server runs`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const { database, key } = server.options;
      const options = { database, key: key!, scope: "admin" } as const;
      assert.deepEqual((await post(server, "/v1/tokens/end", { name: "first" })).body, { ended: 1 });
      assert.equal(await me(server, server.adminToken!), 401);
      server.clock.pass(1000);
      const token = (await runToken("make", "rescue", { ...options, days: 1 }, server.clock.now)).trim();
      assert.deepEqual((await ask(server, token, "/v1/me")).body, { name: "rescue", scope: "admin", label: null });
      const listed = await runToken("list", undefined, options, server.clock.now);
      assert.match(
        listed,
        /^first {2}admin .* ended 2026-01-01 {2}not valid\nrescue {2}admin .* not used {2}until 2026-01-02 {2}valid\n$/,
      );
      await assert.rejects(runToken("end", "nobody", options, server.clock.now), /no token has the name nobody/);
      for (const name of [undefined, "", "two\nlines", "x".repeat(101)])
        assert.throws(() => runToken("make", name, options), /a token has a name/);
      assert.throws(() => runToken("make", "x", { ...options, days: -1 }), /--days/);
      await assert.rejects(
        runToken("list", undefined, { ...options, key: join(server.folder, "none") }),
        /no server's key/,
      );
      assert.equal(await runToken("end", "rescue", options, server.clock.now), "ended 1\n");
      assert.equal(await me(server, token), 401);
      assert.deepEqual((await audit(server.store, keyFile.load(key!))).findings, []);
    },
  );
}

void test("other users of the machine cannot read the database or the key", async (t) => {
  const server = await serve(t);
  const files = readdirSync(server.folder);
  assert.ok(files.includes("signet.db") && files.includes("signet.db-wal") && files.includes("server.key"));
  for (const file of files) assert.equal(statSync(join(server.folder, file)).mode & 0o777, 0o600, file);
});
