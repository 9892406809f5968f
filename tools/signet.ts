/** The CLI: `signet VERB …`. One file a verb in `cli/`; each says its own usage and calls the room that does the work. */
import { Command, CommanderError } from "commander";
import * as audit from "./cli/audit.ts";
import * as backup from "./cli/backup.ts";
import * as bridge from "./cli/bridge.ts";
import * as build from "./cli/build.ts";
import * as terminal from "./cli/console.ts";
import * as demo from "./cli/demo.ts";
import * as doctor from "./cli/doctor.ts";
import * as emulate from "./cli/emulate.ts";
import * as exporting from "./cli/export.ts";
import * as flash from "./cli/flash.ts";
import * as fleet from "./cli/fleet.ts";
import * as help from "./cli/help.ts";
import * as inspect from "./cli/inspect.ts";
import * as key from "./cli/key.ts";
import * as lock from "./cli/lock.ts";
import * as modem from "./cli/modem.ts";
import * as creating from "./cli/new.ts";
import * as page from "./cli/page.ts";
import * as provision from "./cli/provision.ts";
import * as restoring from "./cli/restore.ts";
import * as server from "./cli/server.ts";
import * as size from "./cli/size.ts";
import * as tls from "./cli/tls.ts";
import * as trying from "./cli/try.ts";
import * as token from "./cli/token.ts";
import * as verify from "./cli/verify.ts";
import { IS_PACKAGE } from "./firmware/root.ts";
import { tell } from "./trouble.ts";

const program = new Command("signet")
  .description("An identity of its own, signed data and TLS 1.3 for a bare-metal Cortex-M.")
  .helpOption("-h, --help", "print this help")
  .helpCommand(false)
  .showSuggestionAfterError(true)
  .exitOverride();

/** The verbs by the task that they belong to. */
const GROUPS = {
  project: {
    about: "a firmware, and a project of your own",
    verbs: [creating, demo, build, size, exporting, trying, doctor],
  },
  device: { about: "boards, and the factory", verbs: [flash, page, provision, lock, terminal, inspect] },
  server: { about: "the server and its database", verbs: [server, tls, token, key, backup, restoring, verify, audit] },
  simulate: { about: "parts of the world, emulated", verbs: [emulate, modem, bridge, fleet] },
  contribute: {
    about: "tests and measurements of Signet",
    verbs: IS_PACKAGE ? [] : (await import("./cli/contribute.ts")).verbs,
  },
};

for (const [group, { verbs }] of Object.entries(GROUPS)) {
  program.commandsGroup(group);
  for (const verb of verbs) verb.add(program);
}

program.configureOutput({ outputError: complain });
for (const command of program.commands) command.copyInheritedSettings(program);
const groups = Object.entries(GROUPS).filter(([, { verbs }]) => verbs.length > 0);
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
  await program.parseAsync();
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
  write(`${what}\nhint: ${meant ? `${meant.slice(1, -1)} ` : ""}${whereToLook(process.argv[2])}\n`);
}

/** Return the hint about the documentation of the arguments. */
function whereToLook(verb: string | undefined): string {
  const known = program.commands.some((command) => command.name() === verb);
  return known ? `\`signet ${verb} --help\` shows its usage` : "`signet --help` lists the verbs";
}
