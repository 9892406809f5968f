/** Dead letters of the webhook, at the machine of the server: listed, sent again, dropped. */
import { Trouble } from "../trouble.ts";
import * as letters from "./dead_letters.ts";
import { MACHINE } from "./log.ts";
import { at } from "./place.ts";
import { PLAIN } from "./text.ts";

/** Letters in one transaction, and in one page of the list. */
const PART = 100;

export interface LetterOptions {
  readonly database: string;
  readonly key?: string;
  /** Why letters are dropped, for the log. */
  readonly reason: string;
}

function shown({ id, at: when, refused, wantedAt }: letters.LetterView): string {
  const state = wantedAt === null ? "" : "  to be sent again";
  return `${id}  ${new Date(when).toISOString()}  ${refused}${state}\n`;
}

/**
 * List dead letters, or send or drop those with the ids, or all if none is given. Return what to print. A running server sends them within
 * seconds. Throws Trouble.
 */
export async function runLetters(
  action: "list" | "send" | "drop",
  ids: readonly string[],
  { database, key, reason }: LetterOptions,
  now = Date.now(),
): Promise<string> {
  const wrong = ids.find((id) => !letters.ID.test(id));
  if (wrong !== undefined)
    throw new Trouble(
      `${wrong} is no id of a dead letter`,
      "`signet letters list` lists them: DEVICE/COUNTER or log/SEQ",
    );
  if (!PLAIN.test(reason)) throw new Trouble("the reason is no plain text", "leave control characters out");
  return at(database, key, async ({ store, keys }) => {
    const desk = { store, keys, audience: "", clock: () => now };
    let [lines, count] = ["", 0];
    let cursor: string | undefined;
    do {
      const page = await letters.list(store, { limit: PART, cursor });
      cursor = page.next ?? undefined;
      const chosen = page.letters.filter(({ id }) => ids.length === 0 || ids.includes(id));
      count += chosen.length;
      lines += chosen.map(shown).join("");
      const items = chosen.map(({ id }) => letters.itemOf(id)!);
      if (items.length > 0 && action === "send") await letters.sendAgain(desk, items);
      if (items.length > 0 && action === "drop") await letters.drop(desk, items, MACHINE, reason);
    } while (cursor !== undefined);
    if (action === "list") return lines;
    if (count === 0) throw new Trouble("there is no such dead letter", "`signet letters list` lists them");
    return action === "drop" ? `dropped ${count}\n` : `${count} will be sent again by the running server\n`;
  });
}
