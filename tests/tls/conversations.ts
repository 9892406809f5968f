/** The conversations that the bench counts, with the scripted server: the same bytes at each run. */
import { PROFILES, type ProfileName } from "../../tools/tls/profiles.ts";
import { caExtensions, certify, identity, p256Identity, rsaIdentity, type Identity, type Wish } from "./identities.ts";
import { type Kept, RecordedClient } from "./replay.ts";
import { Content, Script } from "./script.ts";
import { fixedBytes } from "./client.ts";
import { AES_128_GCM_SHA256, CHACHA20_POLY1305_SHA256 } from "./suite.ts";
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

/** Conversations of a profile of the client, with keys that are others at each run. The device shows no certificate. */
export interface Profiled {
  /** A first handshake with a server of the kind that the profile adds. */
  readonly handshake: readonly Kept[];
  /** Between both. */
  readonly ticket: readonly Kept[];
  readonly resume: readonly Kept[];
}

interface Server {
  readonly identity: Identity;
  readonly anchor: Pick<Settings, "pins" | "roots">;
  readonly chain: Wish[];
  readonly scheme: number;
  /** The server takes AES-128-GCM and key exchange on P-256 alone. */
  readonly isCloud?: boolean;
}

/** The servers: a pinned key on Ed25519 or P-256, or RSA 2048 by a pinned authority with RSA 2048 that the server sends. */
const SERVERS: Readonly<Record<ProfileName, () => Promise<Server>>> = {
  pinned: async () => pinnedServer(await identity("server"), 0x0807),
  own: async () => pinnedServer(await p256Identity(), 0x0403),
  async public() {
    const [leaf, root] = await Promise.all([rsaIdentity(), rsaIdentity()]);
    const chain = [
      { subject: leaf, issuer: root, issuerName: "CN=Root" },
      { subject: root, name: "CN=Root", extensions: caExtensions() },
    ];
    return { identity: leaf, anchor: { roots: [root.key] }, chain, scheme: 0x0804 };
  },
  cloud: async () => ({ ...pinnedServer(await p256Identity(), 0x0403), isCloud: true }),
};

function pinnedServer(subject: Identity, scheme: number): Server {
  return { identity: subject, anchor: { pins: [subject.key] }, chain: [{ subject }], scheme };
}

/** Begin with a server; one of a cloud asks for a share on P-256. */
function beginWith(server: Server, client: RecordedClient, seed: string): Script<RecordedClient> {
  const settings = { host: "localhost", random: fixedBytes(seed, 128), ...server.anchor };
  const suite = server.isCloud ? AES_128_GCM_SHA256 : CHACHA20_POLY1305_SHA256;
  const script = new Script(server.identity, settings, client, suite);
  if (!server.isCloud) return script;
  script.retry({
    extensions: [
      [43, "0304"],
      [51, "0017"],
    ],
  });
  script.useP256();
  return script;
}

export async function profiled(name: ProfileName): Promise<Profiled> {
  const server = await SERVERS[name]();
  const certificates = await Promise.all(server.chain.map(certify));
  const { use } = PROFILES[name];
  const client = new RecordedClient(
    Object.entries(use)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  );
  const first = beginWith(server, client, "bench");
  first.connect(
    certificates.map(({ rawData }) => new Uint8Array(rawData)),
    [],
    server.scheme,
  );
  if (!first.connected) throw new Error("the scripted handshake failed");
  const handshake = client.take();
  const { message, psk } = first.ticket(fixedBytes("ticket", 256));
  first.raw(first.record(Content.Handshake, message));
  const ticket = client.take();
  const second = beginWith(server, client, "bench again");
  resumeWith(second, psk);
  return { handshake, ticket, resume: client.take() };
}

/** Resume with the pre-shared key of a ticket. */
function resumeWith(server: Script<RecordedClient>, psk: Buffer): void {
  server.psk = psk;
  server.helloDone({ extensions: [[43, "0304"], server.shareExtension(), [41, "0000"]] });
  server.send(server.encryptedExtensions());
  server.finish();
  if (!server.connected || !server.client.guest.preShared()) throw new Error("the scripted resumption failed");
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
  resumeWith(second, psk);
  const resume = client.take();

  const issued = raw(await certify({ subject: own, issuer: root, issuerName: "CN=Root" }));
  flight(new Script(own, { ...common, roots: [root.key] }, client), [issued]);
  return { handshake, ticket, seal, open, resume, chain: client.take() };
}
