/** The costs of a handshake, estimated from the figures that `npm run bench -- costs` measures: thousands of instructions. */
import { costs } from "./cost.table.js";

/** Kinds of keys, and the operation that verifies a signature of each. */
const VERIFICATIONS: Readonly<Record<string, string>> = {
  Ed25519: "ed25519.verify",
  "P-256": "ecdsa256.verify",
  "P-384": "ecdsa384.verify",
  "RSA-2048": "rsa2048.verify",
  "RSA-3072": "rsa3072.verify",
  "RSA-4096": "rsa4096.verify",
};

/** The same for P-256 in an image with `own`, which has no comb. */
const LEAN = "ecdsa256.verify.lean";

/** The operation by which a device checks a signature of its own: boards with an M0 sign again, the others verify. */
const CHECKS: Readonly<Record<string, string>> = { "Cortex-M0": "ed25519.sign" };

/** Millions, with one digit. */
function millions(thousands: number): string {
  return `${(thousands / 1000).toFixed(1)} M`;
}

/** The operations of a key exchange on P-256 that a server asked for: the resumption that was measured has one on X25519, which comes first then too. */
const RETRY = ["p256.keygen", "ecdh256"];

/** The work of a device in a handshake with a server. */
export interface Work {
  /** The kinds of keys with which signatures are verified. */
  readonly keys: readonly string[];
  /** Signatures that the device makes, and checks. */
  readonly signatures: number;
  /** The server asked for key exchange on P-256. */
  readonly retried: boolean;
  /** The image verifies on P-256 in less flash: that of `own`. */
  readonly lean: boolean;
}

/** Estimate a full handshake and a resumption. */
export function estimates({ keys, signatures, retried, lean }: Work): string[] {
  return Object.entries<Readonly<Record<string, number>>>(costs).map(([core, figures]) => {
    const cost = (name: string | undefined): number | undefined => (name === undefined ? undefined : figures[name]);
    const verifying = (key: string): number | undefined => cost(lean && key === "P-256" ? LEAN : VERIFICATIONS[key]);
    const unknown = keys.find((key) => verifying(key) === undefined);
    const more = retried ? RETRY.reduce((sum, name) => sum + figures[name]!, 0) : 0;
    const resume = figures["tls.resume"]! + more;
    const own = figures["ed25519.sign"]! + figures[CHECKS[core] ?? "ed25519.verify"]!;
    const full = keys.reduce((sum, key) => sum + (verifying(key) ?? 0), resume + own * signatures);
    const first = unknown === undefined ? millions(full) : `unknown, as ${unknown} was not measured there`;
    return `${core}: full handshake ${first}, resumed ${millions(resume)} instructions`;
  });
}
