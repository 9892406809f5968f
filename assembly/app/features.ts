/** What a board's data leaves out of its firmware (`use` in `boards/<name>/board.ts`). */

/** TLS is in, unless the board has no room for it. */
export const TLS: bool = !isDefined(WITHOUT_TLS);
