/** Why a profile and a server do not meet, and what to change on the server. */
import { Trouble } from "../trouble.ts";
import { alertName, NONE } from "./alerts.ts";
import { State, type Client } from "./client.ts";
import type { Profile } from "./profiles.ts";
import { survey, type Certificate, type Limits, type Survey } from "./survey.ts";

/** A server, its answer to any client, and the anchors that the device was given. */
export interface Case {
  readonly host: string;
  readonly port: number;
  readonly seen: Survey;
  readonly profile: Profile;
  readonly byRoot: boolean;
}

/** The first certificate of a chain whose key no row of the profile has. */
function foreign({ chain }: Survey, { keys }: Profile, count: number): Certificate | undefined {
  return chain.slice(0, count).find(({ key }) => !keys.includes(key));
}

/** The limits of a profile, one at a time: a server that accepts none of a kind is known by it. */
function limitsOf({ suites, groups }: Profile): [limits: Limits, what: string, change: string][] {
  const [suite, group] = [suites.join(" or "), groups.join(" or ")];
  return [
    [{ minVersion: "TLSv1.3" }, "the server has no TLS 1.3", "enable TLS 1.3 on the server"],
    [
      { minVersion: "TLSv1.3", ciphers: suites.join(":") },
      `the server does not accept ${suite}`,
      `add ${suite} to the server's cipher suites of TLS 1.3`,
    ],
    [
      { minVersion: "TLSv1.3", ecdhCurve: groups.join(":") },
      `the server does not accept the key exchange ${group}`,
      `add ${group} to the server's groups (curves)`,
    ],
  ];
}

/** Find out why a server refused the hello: by what else it refuses, and by its certificate. */
async function refusedHello({ host, port, seen, profile }: Case, said: string): Promise<Trouble> {
  for (const [limits, what, change] of limitsOf(profile)) {
    if ((await survey(host, port, limits)) instanceof Error) return new Trouble(what, change);
  }
  const leaf = foreign(seen, profile, 1);
  if (leaf) return wrongKey(leaf, profile);
  return new Trouble(
    `the server refused the hello: ${said}`,
    "check the log of the server; it may require an ALPN protocol or another server name",
  );
}

function wrongKey({ subject, key }: Certificate, { keys }: Profile): Trouble {
  const kinds = keys.join(" or ");
  return new Trouble(
    `the key of ${subject} is ${key}; this profile has ${kinds}`,
    `give the server a certificate with a key of the kind ${kinds}, beside its present one if other clients need that`,
  );
}

/** The reason by the state in which the connection ended, and by the alert. */
export async function reasonOf(client: Client, asked: Case): Promise<Trouble> {
  const { code, fromPeer } = client.alert;
  const said = alertName(code);
  const last = [...client.visited].at(-1) ?? State.Idle;
  if (last <= State.WaitSh) return refusedHello(asked, said);
  if (client.visited.has(State.SendVerify)) return refusedDevice(said);
  if (code === NONE)
    return new Trouble("the server closed the connection during the handshake", "check the log of the server");
  if (fromPeer && !client.visited.has(State.SendCertificate))
    return new Trouble(`the server ended the handshake: ${said}`, "check the log of the server");
  if (fromPeer) return refusedDevice(said);
  return refusedServer(said, last, client, asked);
}

/** A server that refuses what the device sent after the hello. */
function refusedDevice(said: string): Trouble {
  return new Trouble(
    `the server refused the device: ${said}`,
    "the server requests a client certificate: configure it to accept self-signed certificates with Ed25519 keys and to compare the key, or to request none",
  );
}

/** The reason of a refusal by the device, from its alert. */
function refusedServer(said: string, last: number, client: Client, asked: Case): Trouble {
  const { seen, profile, byRoot } = asked;
  const [leaf] = seen.chain;
  const limit = client.guest.recordBytes();
  switch (said) {
    case "record_overflow":
      return new Trouble(
        `the server sends records of more than ${limit} bytes: it ignores max_fragment_length and record_size_limit`,
        `use a server on OpenSSL or GnuTLS, which honour them, or shorten the chain until its messages fit into ${limit} bytes; the profile public takes such a chain`,
      );
    case "illegal_parameter":
      if (last === State.WaitCert || last === State.WaitCertCr) return tooLong(client, asked);
      if (last === State.CheckChain) return tooLarge(client, asked);
      break;
    case "unsupported_certificate": {
      const wrong = foreign(seen, profile, byRoot ? seen.chain.length : 1);
      if (wrong) return wrongKey(wrong, profile);
      return new Trouble(
        "a certificate has an algorithm, a usage or a critical extension that the device does not support",
        "see the chain above; issue another certificate without it",
      );
    }
    case "unknown_ca":
      return byRoot
        ? new Trouble(
            "no certificate that the server sends has the pinned key of the root",
            "configure the server to send the root too, or pin the last certificate of the chain above; the profile public has the keys of some public roots",
          )
        : new Trouble(
            `the key of ${leaf?.subject} is not the pinned one`,
            `pin ${leaf?.pin.toString("hex")}, if it is your server's key`,
          );
    case "certificate_unknown":
      return new Trouble(
        `the certificate is not for ${asked.host}, but for ${leaf?.names || "no name"}`,
        "issue it with this name as subjectAltName, or pin the key instead of a root",
      );
    case "certificate_expired":
      return new Trouble(`a certificate has expired: the server's own at ${leaf?.validTo}`, "renew it");
    case "bad_certificate":
      return new Trouble(
        "a certificate does not follow RFC 5280, or is not signed by the next one",
        "see the chain above: it must be in order, the server's own first, and each authority must be marked as one",
      );
  }
  return new Trouble(`the device refused the server: ${said}`, "this server does not follow TLS 1.3; please report it");
}

/** A Certificate message that is too long for the device's buffer. */
function tooLong(client: Client, { seen }: Case): Trouble {
  const most = client.guest.messageBytes();
  const bytes = seen.chain.reduce((sum, { bytes }) => sum + bytes + 5, 8);
  return new Trouble(
    `the chain has ${bytes} bytes as a message; the device has room for ${most}`,
    "send fewer certificates: a server whose own key is pinned needs to send one only, a chain needs none after the pinned root",
  );
}

/** A certificate that is too long for the buffer, where they come one at a time. */
function tooLarge(client: Client, { seen }: Case): Trouble {
  const most = client.guest.messageBytes();
  const largest = seen.chain.reduce((one, other) => (other.bytes > one.bytes ? other : one), seen.chain[0]!);
  return new Trouble(
    `the certificate of ${largest.subject} has ${largest.bytes} bytes; the device has room for ${most}, with the names of the leaf`,
    "issue it with fewer names",
  );
}
