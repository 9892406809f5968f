// weight: 42 s, 1 core
/**
 * A C program's stream on the ELF in QEMU: it reports to `tools/server` inside TLS and, in turns, speaks to Node's TLS. The module takes
 * the stream's port to wherever that server listens. The image has the choice `cloud`: the device shows its certificate on P-256 there, and tells it to the program.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { certify, identity } from "../../tls/identities.ts";
import { start } from "../beside.ts";
import STREAM from "./image.ts";

const STREAM_PORT = 7000;
/** A handshake, and a report between two streams, take the emulated board a second or two. */
const PATIENCE_MS = 120_000;
const SENT = 20_000;

test("a C program's stream: bytes both ways, keys changed, closed by either side, and reports in between", async () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-stream-elf-"));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const own = await identity("own");
    const cert = (await certify({ subject: own })).toString("pem");
    const talks: { socket: tls.TLSSocket; heard: Buffer[]; ended: boolean }[] = [];
    const demand = { requestCert: true, rejectUnauthorized: false, sigalgs: "ed25519:ecdsa_secp256r1_sha256" };
    const about = { key: own.pem, cert, minVersion: "TLSv1.3", ALPNProtocols: ["other", "stream/1"] } as const;
    const peer = tls.createServer({ ...about, ...demand }, (socket) => {
      const talk = { socket, heard: [] as Buffer[], ended: false };
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => talk.heard.push(bytes));
      socket.on("end", () => {
        talk.ended = true;
      });
      talks.push(talk);
    });
    peer.listen(0, "127.0.0.1");
    await once(peer, "listening");
    ends.push(() => peer.close());
    const device = await start({
      folder,
      image: STREAM,
      reportIntervalMs: 100,
      asked: STREAM_PORT,
      port: (peer.address() as AddressInfo).port,
      key: own.key,
      ends,
    });

    const until = async (condition: () => boolean, what: string): Promise<void> => {
      for (const end = Date.now() + PATIENCE_MS; !condition(); await sleep(10)) {
        const said = device.events.map(({ name, data }) => `${name} ${Buffer.from(data).toString("hex")}`);
        if (Date.now() > end) throw new Error(`never ${what}:\n${said.slice(-30).join("\n")}`);
      }
    };
    const count = (name: string): number => device.events.filter((event) => event.name === name).length;
    const heard = (talk: number): Buffer => Buffer.concat(talks[talk]!.heard);

    await until(() => talks.length === 1, "connected");
    const echoed = Buffer.alloc(3_000, "to be echoed; ");
    talks[0]!.socket.write(`echo ${echoed.length}\n`);
    talks[0]!.socket.write(echoed);
    await until(() => heard(0).length >= echoed.length, "echoed");
    assert.deepEqual(heard(0), echoed);
    talks[0]!.socket.write("rekey\n");
    talks[0]!.socket.write(`send ${SENT}\n`);
    await until(() => heard(0).length >= echoed.length + SENT, "sent");
    assert.deepEqual(heard(0).subarray(echoed.length), Buffer.from(Array.from({ length: SENT }, (_, i) => i % 251)));
    talks[0]!.socket.write("close\n");
    await until(() => talks[0]!.ended, "closed by the device");

    await until(() => talks.length === 2, "connected again");
    talks[1]!.socket.write("send 5\n");
    await until(() => heard(1).length >= 5, "sent");
    assert.deepEqual([...heard(1)], [0, 1, 2, 3, 4]);
    const shown = talks[1]!.socket.getPeerX509Certificate()!.raw;
    talks[1]!.socket.write("show\n");
    await until(() => heard(1).length >= 5 + shown.length, "shown");
    assert.ok(heard(1).subarray(5).equals(shown));
    assert.equal(talks[1]!.socket.alpnProtocol, "stream/1");
    talks[1]!.socket.end();
    await until(() => talks[1]!.ended, "closed by the server");
    await until(() => talks.length === 3, "connected a third time");
    // On a busy machine the first streams follow each other before a report is accepted.
    for (let last = 2; count("accepted") === 0; last++) {
      assert.ok(last < 20, "no report between the streams");
      talks[last]!.socket.end();
      await until(() => talks.length === last + 2, "connected once more");
    }
    const states = device.events.filter(({ name }) => name === "stream").map(({ data }) => data[0]!);
    // Waiting is short where no request is under way, and may not be seen.
    const seen = states.filter((state) => state !== 1);
    assert.deepEqual(seen.slice(0, 6), [2, 3, 0, 2, 3, 4]);
    assert.equal(count("tls-failed"), 0);
    assert.equal(count("epitaph"), 0);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
});
