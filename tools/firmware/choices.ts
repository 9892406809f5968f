/**
 * The choices of an image: parts to leave out, or to do in less flash. Each has a name, and its changes to a board's data.
 */
import { type FamilyName, ROWS, USUAL, only } from "../facts/family.ts";
import { Trouble } from "../trouble.ts";
import { KiB, type Board } from "./board.ts";

interface Choice {
  /** Its meaning, for a line of `signet build --help`. */
  readonly says: string;
  readonly use: Readonly<Record<string, number>>;
  /** Bytes by which it raises the budgets of a board: the most that it may take. */
  readonly more?: { readonly flash: number; readonly linear: number };
}

/** An image with the driver for one family. */
const DRIVERS = Object.fromEntries(
  ROWS.map(([name, { says }]) => [name, { says: `only the driver for ${says}`, use: only(name) }]),
) as Readonly<Record<FamilyName, Choice>>;

export const CHOICES = {
  small: { says: "the smallest code of the cryptography", use: { CRYPTO_SMALL: 1 } },
  pins: { says: "no chains of certificates: pinned keys only", use: { WITHOUT_CHAINS: 1 } },
  public: {
    says: "TLS also with servers that have ordinary certificates: P-256, P-384 and RSA",
    use: { TLS_PUBLIC: 1 },
    more: { flash: 22 * KiB, linear: 4 * KiB },
  },
  cloud: {
    says: "TLS as with `public`, and with AES-128-GCM, key exchange on P-256, and a certificate of the device on P-256",
    use: { TLS_PUBLIC: 1, TLS_AES128: 1, TLS_SECP256R1: 1, TLS_OWN_P256: 1 },
    more: { flash: 34 * KiB, linear: 6 * KiB },
  },
  own: {
    says: "TLS also with servers that have a key on P-256",
    use: { TLS_P256: 1 },
    more: { flash: 6 * KiB, linear: 0 },
  },
  tickets: {
    says: "two tickets of TLS instead of one: for servers that give none to a client that resumes, such as Node",
    use: { TLS_TWO_TICKETS: 1 },
    more: { flash: 0.5 * KiB, linear: 0.75 * KiB },
  },
  ...DRIVERS,
  http: {
    says: "only the driver for the HTTP client of ESP-AT: TLS in requests and responses",
    use: { ...only("esp-at"), ROAD_HTTP: 1, LINK_RX: 1024, LINK_TX: 1024 },
  },
  udp: {
    says: "TLS in CoAP messages, with the driver for UDP of ESP-AT, or with `quectel` of those modules",
    use: { WITHOUT_FRAMED: 1, ROAD_UDP: 1, LINK_RX: 1024, LINK_TX: 992 },
  },
  mqtt: { says: "no HTTP: messages travel in MQTT through a broker, inside TLS", use: { ROAD_MQTT: 1 } },
  pubsub: {
    says: "the client of MQTT of `signet_mqtt_open` instead of a stream",
    use: { MQTT_CLIENT: 1 },
    more: { flash: 4 * KiB, linear: 3 * KiB },
  },
  baud: {
    says: "the factory page may name a baud rate and flow control for the module",
    use: { MODULE_BAUD: 1 },
  },
  "no-tls": { says: "no TLS", use: { WITHOUT_TLS: 1 } },
} as const satisfies Record<string, Choice>;

export type ChoiceName = keyof typeof CHOICES;

/** How bytes reach the server: over a stream, in the bodies of requests that the module makes, in datagrams, or over a stream to a broker. */
export const ROADS = ["tcp", "http", "udp", "mqtt"] as const;
export type RoadName = (typeof ROADS)[number];

/** The families of modules that have each road; those that give TCP have MQTT. */
export const SERVES: Readonly<Record<RoadName, readonly FamilyName[]>> = {
  tcp: ROWS.map(([name]) => name),
  http: ["esp-at"],
  udp: ["esp-at", "quectel"],
  mqtt: ROWS.map(([name]) => name),
};

/** The choices of an image that serves this family of modules on this road; the image without choices serves the others on TCP. */
export function serving(family: FamilyName, road: RoadName = "tcp"): readonly ChoiceName[] {
  if (road === "http") return [road];
  return [...(USUAL.includes(family) ? [] : [family]), ...(road === "tcp" ? [] : [road])];
}

/** The links of an exported library: a family of modules on TCP, ESP-AT on another road, or each usual family. */
export const LINKS: Readonly<Record<string, readonly ChoiceName[]>> = {
  ...Object.fromEntries(ROWS.map(([name]) => [name, [name]])),
  "esp-at-http": ["http"],
  "esp-at-udp": ["udp"],
  "quectel-udp": ["quectel", "udp"],
  all: [],
};

/** The choices of a text such as `small,pins`, in the order of the table; trouble if one is unknown. */
export function choicesOf(text: string): ChoiceName[] {
  const asked = text.split(",").filter((name) => name !== "");
  const names = Object.keys(CHOICES) as ChoiceName[];
  const unknown = asked.find((name) => !names.includes(name as ChoiceName));
  if (unknown !== undefined)
    throw new Trouble(`there is no choice "${unknown}"`, `choices are: ${names.join(", ")}; several with commas`);
  return names.filter((name) => asked.includes(name));
}

/** A board's data with these choices. */
export function choose(board: Board, names: readonly ChoiceName[]): Board {
  return names.reduce<Board>((chosen, name) => {
    const { use, more = { flash: 0, linear: 0 } }: Choice = CHOICES[name];
    const { flash, linear, stack } = chosen.budget;
    const budget = { flash: flash + more.flash, linear: linear + more.linear, stack };
    return { ...chosen, use: { ...chosen.use, ...use }, budget };
  }, board);
}

/** The choices for people, a line each. */
export const CHOICES_HELP = Object.entries(CHOICES)
  .map(([name, { says }]) => `${name}: ${says}`)
  .join("\n");
