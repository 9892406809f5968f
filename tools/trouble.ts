/** An error for the user, with a remedy: printed as `error: …` and `hint: …`, without a stack. */
export class Trouble extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "Trouble";
    this.hint = hint;
  }
}

/** Print trouble, or any other error, as its two lines. An unexpected error keeps its stack: it is a bug. */
export function tell(error: unknown): void {
  const trouble = error instanceof Trouble ? error : foreseen(error);
  if (trouble) {
    process.stderr.write(`error: ${trouble.message}\nhint: ${trouble.hint}\n`);
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`error: ${stack}\nhint: this is a bug in signet; please report it with the lines above\n`);
}

/** Errors of the system that have one usual cause. */
function foreseen(error: unknown): Trouble | undefined {
  const { code, address, port, path } = (error ?? {}) as NodeJS.ErrnoException & { address?: string; port?: number };
  switch (code) {
    case "EADDRINUSE":
      return new Trouble(
        `${address ?? "address"} port ${port} is taken`,
        "end the program that listens there, or choose another with --port",
      );
    case "EACCES":
    case "EPERM":
      return new Trouble(`not allowed: ${path ?? (error as Error).message}`, "check its owner, or choose another path");
    case "ENOSPC":
      return new Trouble("the disk is full", "free some space, then run the command again");
    case "ENOENT":
      return path === undefined ? undefined : new Trouble(`${path} does not exist`, "check the path");
    default:
      return undefined;
  }
}
