/** Tokens at the machine of the server: for an operator who lost every token, and for programs. */
import { Trouble } from "../trouble.ts";
import * as decisions from "./decisions.ts";
import { MACHINE } from "./log.ts";
import { at } from "./place.ts";
import { isPlain, LABEL } from "./text.ts";
import * as tokens from "./tokens.ts";

const DAY_MS = 86_400_000;

export interface TokenOptions {
  readonly database: string;
  readonly key?: string;
  readonly scope: tokens.Scope;
  /** Undefined for a token of all devices. */
  readonly label?: string;
  /** Undefined for a token without an end. */
  readonly days?: number;
}

function shown({ name, scope, label, createdAt, usedAt, expiresAt, endedAt, isValid }: tokens.TokenView): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const end = endedAt !== null ? `ended ${day(endedAt)}` : expiresAt !== null ? `until ${day(expiresAt)}` : "no end";
  const used = usedAt === null ? "not used" : `used ${day(usedAt)}`;
  const only = label === null ? "" : ` of ${label}`;
  return `${name}  ${scope}${only}  made ${day(createdAt)}  ${used}  ${end}  ${isValid ? "valid" : "not valid"}\n`;
}

/** Make, list or end tokens, and return what to print. A running server needs no restart. Throws Trouble. */
export function runToken(
  action: "make" | "list" | "end",
  name: string | undefined,
  { database, key, scope, label, days }: TokenOptions,
  now = Date.now(),
): Promise<string> {
  if (
    action !== "list" &&
    (!(name !== undefined && name.length >= 1 && name.length <= tokens.NAME_MAX) || !isPlain(name))
  )
    throw new Trouble("a token has a name of one line", `signet token ${action} NAME`);
  if (days !== undefined && !(days > 0 && days <= 36_500))
    throw new Trouble("--days must be a number from 1 to 36500", "leave it out for a token without an end");
  if (label !== undefined && !LABEL.test(label.normalize("NFC")))
    throw new Trouble("--label is no label of devices", "give a letter or digit, then those and ._:/=@+-");
  return at(database, key, async ({ store, keys }) => {
    if (action === "list") return (await tokens.list(store, keys, now)).map(shown).join("");
    if (action === "make") {
      const expiresAt = days === undefined ? null : now + days * DAY_MS;
      const grant = { name: name!, scope, label: label?.normalize("NFC") ?? null, expiresAt };
      return `${await tokens.make(store, keys, grant, MACHINE, now)}\n`;
    }
    const ended = await decisions.endToken({ store, keys, audience: "", clock: () => now }, name!, MACHINE);
    if (ended === 0) throw new Trouble(`no token has the name ${name}`, "`signet token list` lists them");
    return `ended ${ended}\n`;
  });
}
