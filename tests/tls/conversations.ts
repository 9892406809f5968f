/** The conversations that the bench counts, with the scripted server: the same bytes at each run. */
import { caExtensions, certify, identity, p256Identity, rsaIdentity } from "./identities.ts";
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

/** Conversations of the choice `public`, with keys that are others at each run. The device shows no certificate. */
export interface Ordinary {
  /** A pinned key on P-256. */
  readonly p256: readonly Kept[];
  /** A leaf with RSA 2048, by a pinned authority with RSA 2048 that the server sends. */
  readonly rsa: readonly Kept[];
}

export async function ordinary(): Promise<Ordinary> {
  const [p256, rsa, root] = await Promise.all([p256Identity(), rsaIdentity(), rsaIdentity()]);
  const raw = (certificate: { rawData: ArrayBuffer }): Uint8Array => new Uint8Array(certificate.rawData);
  const common = { host: "localhost", random: fixedBytes("bench", 128) };
  const client = new RecordedClient("TLS_PUBLIC=1");
  const first = new Script(p256, { ...common, pins: [p256.key] }, client);
  first.connect([raw(await certify({ subject: p256 }))], [], 0x0403);
  const pinned = client.take();
  const second = new Script(rsa, { ...common, roots: [root.key] }, client);
  const leaf = await certify({ subject: rsa, issuer: root, issuerName: "CN=Root" });
  const authority = await certify({ subject: root, name: "CN=Root", extensions: caExtensions() });
  second.connect([raw(leaf), raw(authority)], [], 0x0804);
  if (!first.connected || !second.connected) throw new Error("a scripted handshake failed");
  return { p256: pinned, rsa: client.take() };
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
