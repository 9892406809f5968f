/** The CLI: `signet VERB …`. One file a verb in `cli/`; each says its own usage and calls the room that does the work. */
import { Command, CommanderError } from "commander";
import * as help from "./cli/help.ts";
import { IS_PACKAGE } from "./firmware/root.ts";
import { tell } from "./trouble.ts";

const program = new Command("signet")
  .description("An identity of its own, signed data and TLS 1.3 for a bare-metal Cortex-M.")
  .helpOption("-h, --help", "print this help")
  .helpCommand(false)
  .showSuggestionAfterError(true)
  .exitOverride();

/** A group of verbs, each with its file. */
interface Group {
  readonly about: string;
  readonly verbs: Readonly<Record<string, () => Promise<{ add(program: Command): void }>>>;
}

/** The verbs by the task that they belong to. */
const GROUPS: Readonly<Record<string, Group>> = {
  project: {
    about: "a firmware, and a project of your own",
    verbs: {
      new: () => import("./cli/new.ts"),
      demo: () => import("./cli/demo.ts"),
      build: () => import("./cli/build.ts"),
      size: () => import("./cli/size.ts"),
      export: () => import("./cli/export.ts"),
      try: () => import("./cli/try.ts"),
      doctor: () => import("./cli/doctor.ts"),
    },
  },
  device: {
    about: "boards, and the factory",
    verbs: {
      flash: () => import("./cli/flash.ts"),
      page: () => import("./cli/page.ts"),
      provision: () => import("./cli/provision.ts"),
      lock: () => import("./cli/lock.ts"),
      console: () => import("./cli/console.ts"),
      inspect: () => import("./cli/inspect.ts"),
    },
  },
  server: {
    about: "the server, its keys, and other TLS servers",
    verbs: {
      server: () => import("./cli/server.ts"),
      tls: () => import("./cli/tls.ts"),
      token: () => import("./cli/token.ts"),
      key: () => import("./cli/key.ts"),
      letters: () => import("./cli/letters.ts"),
    },
  },
  database: {
    about: "copies of a server's database, and checks of it",
    verbs: {
      backup: () => import("./cli/backup.ts"),
      restore: () => import("./cli/restore.ts"),
      archive: () => import("./cli/archive.ts"),
      erase: () => import("./cli/erase.ts"),
      checkpoint: () => import("./cli/checkpoint.ts"),
      verify: () => import("./cli/verify.ts"),
      audit: () => import("./cli/audit.ts"),
    },
  },
  simulate: {
    about: "parts of the world, emulated",
    verbs: {
      emulate: () => import("./cli/emulate.ts"),
      modem: () => import("./cli/modem.ts"),
      bridge: () => import("./cli/bridge.ts"),
      fleet: () => import("./cli/fleet.ts"),
    },
  },
  contribute: {
    about: "tests and measurements of Signet",
    verbs: IS_PACKAGE ? {} : (await import("./cli/contribute.ts")).verbs,
  },
};

// A verb costs the time to load what it imports: without a known one, as in `signet --help`, all are loaded.
const words = process.argv.slice(2);
const asked = words[0] ?? "";
const isKnown = Object.values(GROUPS).some(({ verbs }) => Object.hasOwn(verbs, asked));
for (const [group, { verbs }] of Object.entries(GROUPS)) {
  program.commandsGroup(group);
  for (const [name, load] of Object.entries(verbs)) if (!isKnown || name === asked) (await load()).add(program);
}

program.configureOutput({ outputError: complain });
for (const command of program.commands) command.copyInheritedSettings(program);
const groups = Object.entries(GROUPS).filter(([, { verbs }]) => Object.keys(verbs).length > 0);
help.add(program, Object.fromEntries(groups.map(([group, { about }]) => [group, about])));

// A reader that went away (`signet … | head`) ends a verb as SIGPIPE would; the server finishes what is under way.
let unread = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!unread) process.kill(process.pid, "SIGTERM");
    unread = true;
  });
}

try {
  await program.parseAsync(words, { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    tell(error);
    process.exitCode = 1;
  }
}

/** Turn Commander's complaint into our two lines. */
function complain(text: string, write: (text: string) => void): void {
  const [what, meant] = text.trim().split("\n");
  write(`${what}\nhint: ${meant ? `${meant.slice(1, -1)} ` : ""}${whereToLook(asked)}\n`);
}

/** Return the hint about the documentation of the arguments. */
function whereToLook(verb: string): string {
  const known = program.commands.some((command) => command.name() === verb);
  return known ? `\`signet ${verb} --help\` shows its usage` : "`signet --help` lists the verbs";
}
