/** `signet tls`: will this server do for a device? The answer of the device's own client, and why. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { profiles } from "../facts/profiles.table.js";
import { Trouble } from "../trouble.ts";
import { attempt, clientOf, type Attempt } from "./attempt.ts";
import { type Client } from "./client.ts";
import { estimates } from "./cost.ts";
import { PROFILE_NAMES, PROFILES, type ProfileName } from "./profiles.ts";
import { reasonOf } from "./reason.ts";
import { pinOf, survey, type Survey } from "./survey.ts";

export interface Asked {
  readonly host: string;
  readonly port: number;
  /** A file with the certificate of a root, or with several. */
  readonly root?: string | undefined;
  /** A pin in hexadecimal. */
  readonly pin?: string | undefined;
  /** One profile; missing: the smallest that connects. */
  readonly profile?: ProfileName | undefined;
}

/** The group that only a server that asks for it gets. */
const SECP256R1 = 0x0017;

type Line = (text: string) => void;

/** The pins of the certificates in a file. */
function rootsOf(file: string): Buffer[] {
  if (!existsSync(file)) throw new Trouble(`${file} does not exist`, "check the path");
  const content = readFileSync(file);
  const pems = content.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return (pems ?? [content]).map((one) => pinOf(new X509Certificate(one)));
  } catch {
    throw new Trouble(`${file} has no certificate`, "give a certificate in PEM or DER");
  }
}

/** Show what the server sends. */
function showChain(say: Line, { version, suite, chain }: Survey): void {
  say(`server    ${version}, ${suite} with a client that has every algorithm`);
  for (const [at, { subject, key, bytes, names, validTo }] of chain.entries())
    say(
      `chain ${at + 1}   ${subject}: ${key}, ${bytes} bytes, until ${validTo}${at === 0 && names ? `, for ${names}` : ""}`,
    );
}

/** Try the profiles in their order until one connects; throws the reason of the last. `make` makes the client of a profile. */
export async function will(asked: Asked, say: Line, make = clientOf): Promise<void> {
  const seen = await survey(asked.host, asked.port);
  if (seen instanceof Error)
    throw new Trouble(
      `no TLS handshake between this machine and the server: ${seen.message}`,
      "check the port; a device speaks TLS from the first byte",
    );
  showChain(say, seen);
  const [leaf] = seen.chain;
  if (!leaf) throw new Trouble("the server presents no certificate", "give the server a certificate");
  const roots = asked.root === undefined ? [] : rootsOf(asked.root).slice(0, 2);
  const given = asked.pin === undefined ? leaf.pin : Buffer.from(asked.pin, "hex");
  const settings = {
    pins: roots.length ? [] : [given],
    roots,
    seed: Buffer.alloc(32, 1),
    floor: Math.floor(Date.now() / 1000),
  };
  let reason: Trouble | undefined;
  for (const name of asked.profile ? [asked.profile] : PROFILE_NAMES) {
    const profile = PROFILES[name];
    const client = await make(profile);
    const first = await attempt(client, asked.host, asked.port, settings);
    if (first.connected) {
      const second = first.ticket ? await attempt(client, asked.host, asked.port, settings) : undefined;
      showProfile(say, name, client, first, second);
      showCost(say, name, seen, roots, first, client);
      const why =
        asked.pin === undefined && !roots.length ? "presented by the server now: compare it with your key" : "proven";
      say(`pin       ${leaf.pin.toString("hex")} (tls-keys of the factory page; ${why})`);
      return;
    }
    reason = await reasonOf(client, { ...asked, seen, profile, byRoot: roots.length > 0 });
    say(`${name.padEnd(9)} no: ${reason.message}`);
  }
  throw reason ?? new Trouble("there is no profile", "name one with --profile");
}

/** Show what a profile negotiated, and the memory that it takes. */
function showProfile(say: Line, name: ProfileName, client: Client, first: Attempt, second: Attempt | undefined): void {
  const [suite, group] = [client.guest.suiteChosen(), client.guest.groupChosen()].map(hexadecimal);
  const raw = client.guest.clientBytes();
  say(`${name.padEnd(9)} yes: TLS 1.3, suite ${suite}, group ${group}; ${first.up} bytes up, ${first.down} down`);
  say(`client    ${first.shown ? "presents its certificate" : "is not asked for a certificate"}`);
  const resumes = second?.resumed
    ? `yes: ${second.up} bytes up, ${second.down} down`
    : second
      ? "no: the server did not accept its own ticket"
      : "no: the server sends no ticket that the device keeps";
  say(`resumes   ${resumes}`);
  say(
    `RAM       ${raw} bytes of linear memory with records of ${client.guest.recordBytes()} bytes, and 1 KiB of stack`,
  );
  const { flash } = profiles[name];
  say(`flash     ${flash.toLocaleString("en-US")} bytes on a Cortex-M4, with all cryptography (measured)`);
}

/** A number of the registry of TLS. */
function hexadecimal(number: number): string {
  return `0x${number.toString(16).padStart(4, "0")}`;
}

/** Show the estimates of both handshakes. */
function showCost(
  say: Line,
  name: ProfileName,
  { chain }: Survey,
  roots: readonly Buffer[],
  { shown }: Attempt,
  { guest }: Client,
): void {
  const end = chain.findIndex(({ pin }) => roots.some((root) => root.equals(pin)));
  const signers = roots.length ? chain.slice(1, end < 0 ? undefined : end + 1) : [];
  const keys = [chain[0]!, ...signers].map(({ key }) => key);
  const retried = guest.groupChosen() === SECP256R1;
  for (const line of estimates({ keys, signatures: shown ? 1 : 0, retried, lean: name === "own" }))
    say(`cost      ${line}`);
}
