/** The routes of the operators' API about dead letters of the webhook. */
import { z } from "zod";
import * as letters from "./dead_letters.ts";
import { Rendered, limit, note, route, type Route } from "./route.ts";

const letterId = z.string().regex(letters.ID).describe("DEVICE/COUNTER of a report, or log/SEQ of an entry");
const ids = z.array(letterId).min(1).max(100);

/** Routes about dead letters. */
export const LETTERS: readonly Route[] = [
  route(
    "get",
    "/v1/letters",
    "read",
    "List the dead letters: items that the receiver of the webhook refused while it accepted others",
    { query: z.object({ limit, cursor: letterId.optional().describe("`next` of the page before") }).strict() },
    async ({ reader }, { query }) => new Rendered(await reader.ask("letters", query)),
  ),
  route(
    "post",
    "/v1/letters/send",
    "operate",
    "Send dead letters again; one that is refused again stays",
    { body: z.object({ ids }).strict() },
    async (context, { body }) => ({
      wanted: await letters.sendAgain(
        context,
        body.ids.map((id) => letters.itemOf(id)!),
      ),
    }),
  ),
  route(
    "post",
    "/v1/letters/drop",
    "operate",
    "Drop dead letters: the webhook does not post them any more; the reports and entries stay stored",
    { body: z.object({ ids, reason: note }).strict() },
    async (context, { body, actor }) => ({
      dropped: await letters.drop(
        context,
        body.ids.map((id) => letters.itemOf(id)!),
        actor,
        body.reason,
      ),
    }),
  ),
];
