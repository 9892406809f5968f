/** TLS tickets that a server did not make: from before its restart, from another server, or changed on the way. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { serve, type Fixture } from "./harness.ts";

/** Connect with a ticket, or without. Return whether the server took the ticket, and the one that it gave. */
async function visit(server: Fixture, session?: Buffer): Promise<{ isResumed: boolean; ticket: Buffer }> {
  const { port } = server.tls!;
  const socket: TLSSocket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ...(session && { session }),
  });
  const given = once(socket, "session") as Promise<[Buffer]>;
  await once(socket, "secureConnect");
  const [ticket] = await given;
  const isResumed = socket.isSessionReused();
  socket.destroy();
  return { isResumed, ticket };
}

void test("a ticket of before a restart leads to a full handshake, and the server continues", async (t) => {
  const first = await serve(t, { tls: { port: 0 } });
  const { ticket } = await visit(first);
  assert.equal((await visit(first, ticket)).isResumed, true);
  const second = await first.restart();
  const { isResumed, ticket: fresh } = await visit(second, ticket);
  assert.equal(isResumed, false);
  assert.equal((await visit(second, fresh)).isResumed, true);
});
