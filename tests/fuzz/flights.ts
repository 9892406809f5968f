/** The scenarios that `handshake.c` begins with: how the client is set up, the server's secrets, and the genuine flight. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { fixedBytes } from "../tls/client.ts";
import type { Settings } from "../../tools/tls/client.ts";
import { Call } from "../tls/call.ts";
import { caExtensions, certify, identity, type Identity } from "../tls/identities.ts";
import { RecordedClient } from "../tls/replay.ts";
import { Content, type Extension, Kind, message, Script, vector16 } from "../tls/script.ts";
import { u16, vector8 } from "../tls/suite.ts";

interface Piece {
  readonly type: number;
  readonly content: Buffer;
}

/** A scripted server that keeps what it sends, before it is protected. */
class KeptScript extends Script {
  readonly pieces: Piece[] = [];

  override record(type: number, content: Uint8Array, padding = 0): Buffer {
    this.pieces.push({ type, content: Buffer.from(content) });
    return super.record(type, content, padding);
  }
}

/** A number of so many bytes, little-endian. */
function number(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntLE(value, 0, bytes);
  return out;
}

/** One scenario: the flight that `play` sends to a client with these settings. */
interface Scenario {
  readonly settings: Settings;
  readonly psk?: Uint8Array;
  /** A conversation of the same client before, which leaves a ticket. */
  readonly before?: (client: RecordedClient) => Uint8Array;
  readonly play: (server: KeptScript) => void;
}

/** Write one scenario, as `load_scenario` reads it. */
function written(own: Identity, { settings, psk, before, play }: Scenario): Buffer {
  const client = new RecordedClient();
  const ticketKey = before?.(client);
  const server = new KeptScript(own, { ...settings, random: fixedBytes("fuzz", 128) }, client);
  const calls = client.take();
  const started = calls.slice(0, calls.findLastIndex(({ call }) => call === Call.Start) + 1);
  const key = psk ?? ticketKey;
  if (key) server.psk = Buffer.from(key);
  play(server);
  const head = started.map(({ call, first, second, bytes }) =>
    Buffer.concat([number(call, 1), number(first, 4), number(second, 4), number(bytes.length, 2), bytes]),
  );
  const flight = server.pieces.map(({ type, content }) =>
    Buffer.concat([number(type, 1), number(content.length, 2), content]),
  );
  return Buffer.concat([
    fixedBytes("ephemeral", 32),
    own.seed,
    server.psk,
    number(server.psk.some((byte) => byte !== 0) ? 1 : 0, 1),
    number(flight.length, 1),
    ...flight,
    number(head.length, 2),
    ...head,
  ]);
}

/** Continue after a handshake: a ticket, data before and after new keys, and the end. */
function afterwards(server: KeptScript): void {
  server.raw(server.record(Content.Handshake, server.ticket(fixedBytes("ticket", 200)).message));
  server.raw(server.record(Content.ApplicationData, fixedBytes("data", 300)));
  server.raw(server.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([1]))));
  server.updateKeys();
  server.raw(server.record(Content.ApplicationData, fixedBytes("more data", 20)));
  server.raw(server.record(Content.Alert, Buffer.from([1, 0])));
}

/** The rest of a handshake with a certificate, raw if there is none. */
function certified(server: KeptScript, list: Extension[], certificates?: Uint8Array[], request?: Buffer): void {
  server.send(server.encryptedExtensions(list));
  if (request) server.send(request);
  server.send(server.certificate(certificates ?? [server.rawKey]));
  server.send(server.certificateVerify());
  server.finish();
  afterwards(server);
}

/** The rest of a handshake under a PSK. */
function agreed(server: KeptScript): void {
  server.helloDone({ extensions: [[43, "0304"], server.shareExtension(), [41, "0000"]] });
  server.send(server.encryptedExtensions());
  server.finish();
  afterwards(server);
}

/** All scenarios, in the order that an input counts them. */
export async function flights(): Promise<Buffer> {
  const [own, device, root, middle] = (await Promise.all(
    ["server", "device", "root", "middle"].map((name) => identity(name)),
  )) as [Identity, Identity, Identity, Identity];
  const raw = (certificate: { rawData: ArrayBuffer }): Uint8Array => new Uint8Array(certificate.rawData);
  const leaf = raw(await certify({ subject: own }));
  const chain = await Promise.all([
    certify({ subject: own, issuer: middle, issuerName: "CN=Middle" }),
    certify({
      subject: middle,
      name: "CN=Middle",
      issuer: root,
      issuerName: "CN=Root",
      extensions: caExtensions(0),
    }),
  ]);
  const numbered = await certify({
    subject: own,
    issuer: root,
    issuerName: "CN=Root",
    extensions: [
      new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "*.example.org" },
        { type: "ip", value: "10.1.2.3" },
      ]),
      new x509.BasicConstraintsExtension(false, undefined, true),
    ],
  });
  const pinned: Settings = { host: "localhost", pins: [own.key] };
  const showing: Settings = { ...pinned, seed: device.seed };
  const ticketed = (client: RecordedClient): Uint8Array => {
    const first = new Script(own, { ...pinned, random: fixedBytes("fuzz before", 128) }, client);
    first.connect();
    const { message: ticket, psk } = first.ticket(fixedBytes("first ticket", 100));
    first.raw(first.record(Content.Handshake, ticket));
    return psk;
  };
  const alpn = vector16(vector8(Buffer.from("signet")));
  const scenarios: Scenario[] = [
    { settings: pinned, play: (server) => (server.helloDone(), certified(server, [[20, "02"]])) },
    {
      settings: showing,
      play: (server) => (server.helloDone(), certified(server, [], [leaf], server.certificateRequest())),
    },
    {
      settings: { host: "localhost", roots: [root.key], pins: [root.key] },
      play: (server) => (server.helloDone(), certified(server, [[0, ""]], chain.map(raw))),
    },
    {
      settings: { host: "localhost", psk: fixedBytes("psk", 32), identity: "device" },
      psk: fixedBytes("psk", 32),
      play: agreed,
    },
    { settings: pinned, before: ticketed, play: agreed },
    {
      settings: pinned,
      play: (server) => (server.retry(), server.helloDone(), certified(server, [[20, "02"]])),
    },
    {
      settings: { ...showing, alpn: "signet" },
      play: (server) => {
        server.helloDone();
        const list: Extension[] = [
          [16, alpn],
          [19, "02"],
          [20, "02"],
          [28, u16(512)],
          [10, "0002001d"],
        ];
        certified(
          server,
          list,
          undefined,
          server.certificateRequest([
            [13, "000408070804"],
            [47, "0000"],
          ]),
        );
      },
    },
    {
      settings: pinned,
      before: ticketed,
      play: (server) => {
        server.psk = Buffer.alloc(32);
        server.helloDone();
        certified(server, [[20, "02"]]);
      },
    },
    {
      settings: { host: "10.1.2.3", roots: [device.key, root.key] },
      play: (server) => (server.helloDone(), certified(server, [], [raw(numbered)])),
    },
  ];
  return Buffer.concat([number(scenarios.length, 1), ...scenarios.map((scenario) => written(own, scenario))]);
}
