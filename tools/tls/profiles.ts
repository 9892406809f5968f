/** The profiles of the TLS client: the choices of an image that widen it, and the algorithms of servers that each takes. The smallest is first. */
import { CHOICES } from "../firmware/choices.ts";

export interface Profile {
  /** Constants for the compiler. */
  readonly use: Readonly<Record<string, number>>;
  /** Kinds of keys, of servers and of authorities. */
  readonly keys: readonly string[];
  readonly suites: readonly string[];
  readonly groups: readonly string[];
}

const PINNED: Profile = {
  use: {},
  keys: ["Ed25519"],
  suites: ["TLS_CHACHA20_POLY1305_SHA256"],
  groups: ["X25519"],
};

const PUBLIC_KEYS = ["Ed25519", "P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"];

export const PROFILES = {
  pinned: PINNED,
  own: { ...PINNED, use: CHOICES.own.use, keys: ["Ed25519", "P-256"] },
  public: {
    ...PINNED,
    use: CHOICES.public.use,
    keys: PUBLIC_KEYS,
  },
  cloud: {
    use: CHOICES.cloud.use,
    keys: PUBLIC_KEYS,
    suites: [...PINNED.suites, "TLS_AES_128_GCM_SHA256"],
    groups: [...PINNED.groups, "P-256"],
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;

export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
