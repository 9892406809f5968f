/** `device.json`: the settings of one device, or of every device of a batch, before its first start. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { Trouble } from "../trouble.ts";
import { fromHex } from "../wire/bytes.ts";
import * as factory from "../wire/factory.ts";
import { isChannel, isPrefix } from "../wire/topics.ts";
import * as seeds from "./seed.ts";
import { SEED_BYTES } from "./seed.ts";

const text = (least: number, most: number): z.ZodString =>
  z.string().refine(
    (value) => {
      const bytes = Buffer.byteLength(value);
      return bytes >= least && bytes <= most;
    },
    { error: `has ${least} to ${most} bytes` },
  );
const bytes = (least: number, most: number): z.ZodType<Uint8Array, string> =>
  z
    .string()
    .regex(new RegExp(`^([0-9a-fA-F]{2}){${least},${most}}$`), {
      error: least === most ? `is ${least} bytes in hexadecimal` : `is ${least} to ${most} bytes in hexadecimal`,
    })
    .transform((value) => fromHex(value)!);
const keys = z
  .array(bytes(32, 32))
  .min(1, { error: "holds one or two keys" })
  .max(2, { error: "holds one or two keys" });

/** Lines of a module for flow control, in the order of their numbers in the page. */
export const FLOWS = ["rts", "cts", "both"] as const;

/** Every field of the file, as a person writes it. */
const schema = z.strictObject({
  /** Address of the server, as the module reaches it. */
  server: z.strictObject({
    host: text(1, 64),
    port: z.int({ error: "is a whole number" }).min(1).max(65535),
    audience: text(1, 64),
    /** Public keys that sign its answers: the second for the time of a change. */
    keys,
    /** Public keys that it has in TLS: then the device speaks nothing else. */
    tlsKeys: keys.optional(),
    /** Public keys that may end the chain of certificates it shows there, instead or as well. */
    tlsRoots: keys.optional(),
  }),
  module: z.strictObject({
    family: z.enum(factory.LINKS, { error: `is one of ${factory.LINKS.join(", ")}` }),
    ssid: text(1, 32).optional(),
    secret: text(0, 64).optional(),
    /** A mobile network, and the SIM. */
    apn: text(1, 63).optional(),
    user: text(1, 64).optional(),
    password: text(1, 64).optional(),
    pin: z
      .string()
      .regex(/^\d{4,8}$/, { error: "has 4 to 8 digits" })
      .optional(),
    /** Commands of its own for the module, such as those for radio technology, bands and power saving. */
    commands: z
      .array(z.string().regex(/^[!-~][ -~]*$/, { error: "is a command without AT" }))
      .min(1)
      .refine((commands) => commands.join("\n").length <= 128, { error: "has at most 128 characters" })
      .optional(),
    /** The baud rate for its UART, and the lines of an ESP-AT module for flow control. */
    baud: z.int({ error: "is a whole number" }).min(300).max(5_000_000).optional(),
    flow: z.enum(FLOWS, { error: `is one of ${FLOWS.join(", ")}` }).optional(),
  }),
  /** The account at a broker of MQTT, which is then the host of the server. */
  mqtt: z
    .strictObject({
      prefix: text(1, 64).refine(isPrefix, { error: "is the beginning of a topic" }).optional(),
      user: z.string().refine(isChannel, { error: "has 1 to 64 characters of A-Z a-z 0-9 _ . -" }).optional(),
      password: text(1, 64).optional(),
    })
    .refine(({ user, password }) => password === undefined || user !== undefined, { error: "a password has a user" })
    .optional(),
  reportIntervalMs: z
    .int({ error: "is a whole number" })
    .min(1)
    .max(2 ** 31 - 1)
    .default(60_000),
  claim: bytes(16, 32).optional(),
  /** Randomness of one's own for one device: its page gets fresh randomness with this mixed in. */
  seed: bytes(SEED_BYTES, SEED_BYTES).optional(),
});

export type DeviceConfig = z.output<typeof schema>;

/** Check the contents of a file. Throw Trouble that names the field. */
export function parse(content: string, name: string): DeviceConfig {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new Trouble(`${name} is not JSON: ${(error as Error).message}`, "tools/flash/README.md shows one");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue!.path.join(".") || "the file";
  throw new Trouble(`${name}: ${where}: ${issue!.message}`, "tools/flash/README.md explains every field");
}

/** Read the file. */
export function load(path: string): DeviceConfig {
  return parse(readFileSync(path, "utf8"), path);
}

/** The parts of a page that are one device's own. */
interface Own {
  /** Instead of the claim of the file. */
  readonly claim?: Uint8Array | undefined;
  readonly seed?: Uint8Array;
  readonly certificate?: Uint8Array | undefined;
}

/**
 * Make the factory page of one device. Its seed is fresh and kept nowhere else: all the randomness that a board without a
 * source of noise ever has, and mixed with its own on every other.
 */
export function page(config: DeviceConfig, own: Own = {}): Uint8Array {
  const { claim = config.claim, seed = seeds.fresh(config.seed), certificate } = own;
  const { server, module, mqtt, reportIntervalMs } = config;
  return factory.write({
    link: module.family,
    host: server.host,
    port: server.port,
    audience: server.audience,
    serverKeys: server.keys,
    tlsKeys: server.tlsKeys,
    tlsRoots: server.tlsRoots,
    ssid: module.ssid,
    networkSecret: module.secret,
    apn: module.apn,
    apnUser: module.user,
    apnPassword: module.password,
    pin: module.pin,
    commands: module.commands,
    baud: module.baud,
    flow: module.flow === undefined ? undefined : FLOWS.indexOf(module.flow) + 1,
    mqttPrefix: mqtt?.prefix,
    mqttUser: mqtt?.user,
    mqttPassword: mqtt?.password,
    claim,
    seed,
    reportIntervalMs,
    certificate,
  });
}
