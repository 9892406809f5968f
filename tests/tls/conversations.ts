/** The conversations that the bench counts, with the scripted server: the same bytes at each run. */
import { certify, identity } from "./identities.ts";
import { type Kept, RecordedClient } from "./replay.ts";
import { Content, Script } from "./script.ts";
import { fixedBytes } from "./client.ts";
import type { Settings } from "../../tools/tls/client.ts";

export interface Conversations {
  /** X.509 on both sides, the server's key pinned, the device's certificate signed on the way. */
  readonly handshake: readonly Kept[];
  /** A leaf that a pinned root signed; the device's certificate is signed already. */
  readonly chain: readonly Kept[];
  /** By the ticket that `ticket` brings. */
  readonly ticket: readonly Kept[];
  readonly resume: readonly Kept[];
  /** One record of 1,024 bytes sealed and handed over; one opened and read. */
  readonly seal: readonly Kept[];
  readonly open: readonly Kept[];
}

/** The server's flight with a certificate, and its wish for one. */
function flight(server: Script, certificates: Uint8Array[]): void {
  server.helloDone();
  server.send(server.encryptedExtensions());
  server.send(server.certificateRequest());
  server.send(server.certificate(certificates));
  server.send(server.certificateVerify());
  server.finish();
  if (!server.connected) throw new Error("the scripted handshake failed");
}

export async function conversations(): Promise<Conversations> {
  const [own, device, root] = await Promise.all([identity("server"), identity("device"), identity("root")]);
  const raw = (certificate: { rawData: ArrayBuffer }): Uint8Array => new Uint8Array(certificate.rawData);
  const leaf = raw(await certify({ subject: own }));
  const common = { host: "localhost", seed: device.seed, random: fixedBytes("bench", 128) };
  const pinned: Settings = { ...common, pins: [own.key] };

  const client = new RecordedClient();
  const first = new Script(own, pinned, client);
  flight(first, [leaf]);
  const handshake = client.take();

  const { message, psk } = first.ticket(fixedBytes("ticket", 256));
  first.raw(first.record(Content.Handshake, message));
  const ticket = client.take();
  if (!client.write(new Uint8Array(1024))) throw new Error("no room for a record");
  client.drain();
  const seal = client.take();
  first.raw(first.record(Content.ApplicationData, new Uint8Array(1024)));
  const open = client.take();

  const second = new Script(own, { ...pinned, random: fixedBytes("bench again", 128) }, client);
  second.psk = psk;
  second.helloDone({ extensions: [[43, "0304"], second.shareExtension(), [41, "0000"]] });
  second.send(second.encryptedExtensions());
  second.finish();
  if (!second.connected || !client.guest.preShared()) throw new Error("the scripted resumption failed");
  const resume = client.take();

  const issued = raw(await certify({ subject: own, issuer: root, issuerName: "CN=Root" }));
  flight(new Script(own, { ...common, roots: [root.key] }, client), [issued]);
  return { handshake, ticket, seal, open, resume, chain: client.take() };
}
