/**
 * A device let in by another service: a broker or an authorizer of a cloud hands over what the device gave it, and the server says whether one of its
 * devices signed that, for this client, now.
 */
import { hex } from "../wire/bytes.ts";
import * as messages from "../wire/messages.ts";
import { Malformed, open, verify } from "../wire/sign1.ts";
import type { Gate } from "./gate.ts";
import { LIFETIME_MS } from "./nonce.ts";

/** The fields that a service received of a client. */
export interface Asked {
  /** The message in base64 or base64url. */
  readonly password: string;
  readonly clientId: string;
  /** Absent or empty if the client gave none. */
  readonly username?: string | undefined;
}

/** Why a client is not let in. */
export type Denial =
  | "malformed"
  | "unknown-device"
  | "bad-signature"
  | "wrong-audience"
  | "wrong-client"
  | "wrong-user"
  | "wrong-time"
  | "not-active"
  | "busy";

export type Verdict = { readonly device: string; readonly until: number } | { readonly denied: Denial };

/** Tell whether this client may be let in, and as which device. The message may be shown again until it is too old. */
export async function authorize(gate: Gate, asked: Asked): Promise<Verdict> {
  const { audience, clock } = gate.options;
  try {
    const message = open(new Uint8Array(Buffer.from(asked.password, "base64")));
    if (message.kind !== "access") return { denied: "malformed" };
    const id = message.kid.slice();
    const familiar = gate.familiar(id);
    const fresh = familiar === undefined ? await gate.options.store.find(id) : undefined;
    const known = familiar ?? gate.remember(id, fresh);
    if (known === undefined) return { denied: "unknown-device" };
    if (!verify(message, known.key)) return { denied: "bad-signature" };
    if (!gate.takesDevice(id)) return { denied: "busy" };
    const access = messages.readAccess(message);
    const device = hex(id);
    const now = clock();
    const until = access.issuedAt * 1000 + LIFETIME_MS;
    // The row is read for each request: the device may have been suspended at another instance.
    const row = fresh ?? (await gate.options.store.find(id));
    if (row?.state !== "active") return { denied: "not-active" };
    if (access.audience !== audience) return { denied: "wrong-audience" };
    if (access.clientId !== asked.clientId || !isOf(device, asked.clientId)) return { denied: "wrong-client" };
    if (asked.username && asked.username !== device) return { denied: "wrong-user" };
    if (now >= until || access.issuedAt * 1000 > now + LIFETIME_MS) return { denied: "wrong-time" };
    return { device, until };
  } catch (error) {
    if (error instanceof Malformed) return { denied: "malformed" };
    throw error;
  }
}

/** True if a client id is that of this device: its id, alone or before a hyphen. Else a device could take the place of another. */
function isOf(device: string, clientId: string): boolean {
  return clientId === device || clientId.startsWith(`${device}-`);
}
