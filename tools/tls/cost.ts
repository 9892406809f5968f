/** The costs of a handshake, estimated from the figures of `tests/bench`: thousands of instructions. */

/** Kinds of keys, as far as their verification was measured on a core; `own` is a signature of the device, checked. */
interface Core {
  readonly name: string;
  readonly resume: number;
  readonly sign: number;
  readonly verify: Readonly<Record<string, number>>;
}

const CORES: readonly Core[] = [
  {
    name: "Cortex-M4",
    resume: 894,
    sign: 731,
    verify: { Ed25519: 537, "P-256": 800, "P-384": 18_574, "RSA-2048": 527, "RSA-3072": 1045, "RSA-4096": 1824 },
  },
  { name: "Cortex-M0", resume: 6214, sign: 2608, verify: { Ed25519: 4388 } },
];

/** Millions, with one digit. */
function millions(thousands: number): string {
  return `${(thousands / 1000).toFixed(1)} M`;
}

/** Estimate a full handshake and a resumption: `keys` are the kinds of keys with which signatures are verified. */
export function estimates(keys: readonly string[], signatures: number): string[] {
  return CORES.map(({ name, resume, sign, verify }) => {
    const unknown = keys.find((key) => verify[key] === undefined);
    const full = keys.reduce((sum, key) => sum + (verify[key] ?? 0), resume + sign * signatures);
    const first = unknown === undefined ? millions(full) : `unknown, as ${unknown} was not measured there`;
    return `${name}: full handshake ${first}, resumed ${millions(resume)} instructions`;
  });
}
