/** Conversations of the TLS client that may differ in their secrets only, call by call: each must be one and the same trace. */
import { createHash } from "node:crypto";
import { fixedBytes } from "../tls/client.ts";
import type { Settings } from "../../tools/tls/client.ts";
import { Call } from "../tls/call.ts";
import { identity } from "../tls/identities.ts";
import { type Kept, RecordedClient } from "../tls/replay.ts";
import { Content, Kind, message, Script } from "../tls/script.ts";

export interface Talk {
  readonly name: string;
  /** The same conversation with other secrets. */
  readonly runs: readonly (readonly Kept[])[];
  /** Calls that may differ, and do: they hand over the content, whose length is not hidden. */
  readonly telling?: Call;
}

/** Content of the records that are damaged, or that are padded up to it. */
const RECORD_BYTES = 300;
/** Place of the PSK in a kept ticket. */
const TICKET_PSK = 8;

function random(name: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(name).digest();
}

/** Secrets of 32 bytes: extremes, and as many random ones as asked for. */
function secrets(name: string, count: number): Buffer[] {
  const edges = [0xff, 0x01, 0x80, 0xaa].map((byte) => Buffer.alloc(32, byte));
  const first = Buffer.alloc(32);
  first[0] = 1;
  return [...edges, first, ...Array.from({ length: count }, (_, i) => random(`${name}/${i}`, 32))];
}

/** A flipped bit in each of so many bytes, the first and the last among them. */
function places(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << (at & 7);
  return copy;
}

/** All talks, with `count` random secrets, or places for a flipped bit. */
export async function talks(count: number): Promise<Talk[]> {
  const own = await identity("server");
  const common: Settings = { host: "localhost", random: fixedBytes("ct", 128) };
  const external: Settings = { ...common, psk: fixedBytes("psk", 32), identity: "device" };

  /** Begin under a PSK, up to ServerHello. */
  const begin = (settings: Settings, psk: Uint8Array, ticket?: Uint8Array): Script => {
    const client = new RecordedClient();
    if (ticket) client.ticket = ticket;
    const server = new Script(own, settings, client);
    server.psk = Buffer.from(psk);
    server.helloDone({ extensions: [[43, "0304"], server.shareExtension(), [41, "0000"]] });
    return server;
  };
  const complete = (server: Script): void => {
    server.send(server.encryptedExtensions());
    server.finish();
    if (!server.connected) throw new Error("the scripted handshake failed");
  };
  const kept = (server: Script): readonly Kept[] => (server.client as RecordedClient).take();
  /** Continue after a handshake: a ticket, data both ways, new keys for both sides. */
  const afterwards = (server: Script): void => {
    server.raw(server.record(Content.Handshake, server.ticket(fixedBytes("ticket", 80)).message));
    server.client.write(fixedBytes("data", 200));
    server.listen();
    server.raw(server.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([1]))));
    server.updateKeys();
    server.raw(server.record(Content.ApplicationData, fixedBytes("answer", 200)));
  };
  const whole = (settings: Settings, psk: Uint8Array, ticket?: Uint8Array): readonly Kept[] => {
    const server = begin(settings, psk, ticket);
    complete(server);
    afterwards(server);
    return kept(server);
  };
  /** A connection that is complete, and then gets records of the server's making. */
  const last = (...make: ((server: Script) => Buffer)[]): readonly Kept[] => {
    const server = begin(external, external.psk!);
    complete(server);
    for (const record of make) server.raw(record(server));
    return kept(server);
  };

  const pinned: Settings = { ...common, pins: [own.key] };
  const first = new Script(own, pinned);
  first.connect();
  first.raw(first.record(Content.Handshake, first.ticket(fixedBytes("ticket", 80)).message));
  const ticketWith = (psk: Uint8Array): Buffer => {
    const ticket = first.client.ticket;
    ticket.set(psk, TICKET_PSK);
    return ticket;
  };
  return [
    {
      name: "external PSK",
      runs: secrets("psk", count).map((psk) => whole({ ...external, psk }, psk)),
    },
    {
      name: "a ticket's PSK",
      runs: secrets("ticket", count).map((psk) => whole(pinned, psk, ticketWith(psk))),
    },
    {
      name: "the share's scalar",
      runs: secrets("scalar", count).map((scalar) => {
        const bytes = Buffer.from(common.random!);
        scalar.copy(bytes, 64);
        return whole({ ...external, random: bytes }, external.psk!);
      }),
    },
    {
      name: "where the server's Finished is wrong",
      runs: places(32, count).map((at) => {
        const server = begin(external, external.psk!);
        server.send(server.encryptedExtensions());
        server.finish(flipped(server.finished(), 4 + at));
        return kept(server);
      }),
    },
    {
      name: "where a record's tag is wrong",
      runs: places(16, count).map((at) =>
        last((server) => {
          const record = server.record(Content.ApplicationData, fixedBytes("data", RECORD_BYTES));
          return flipped(record, record.length - 16 + at);
        }),
      ),
    },
    {
      name: "where a record is forged",
      runs: places(RECORD_BYTES, count).map((at) =>
        last((server) => flipped(server.record(Content.ApplicationData, fixedBytes("data", RECORD_BYTES)), 5 + at)),
      ),
    },
    {
      name: "the padding of a record",
      telling: Call.Read,
      runs: places(RECORD_BYTES, count).map((padding) =>
        last((server) => {
          const content = fixedBytes("data", RECORD_BYTES - padding);
          return server.record(Content.ApplicationData, content, padding);
        }),
      ),
    },
  ];
}
