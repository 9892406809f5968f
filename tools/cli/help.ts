import type { Command } from "commander";
import { Trouble } from "../trouble.ts";

/** Each group of verbs with its subject. */
export type Groups = Readonly<Record<string, string>>;

/** `signet help GROUP`: the verbs of one group. `signet --help` lists the groups. Call it after all verbs are added. */
export function add(program: Command, groups: Groups): void {
  const verbs = (group: string): Command[] => program.commands.filter((verb) => verb.helpGroup() === group);
  const names = Object.keys(groups);
  program.configureHelp({
    formatHelp: () =>
      [
        "Usage: signet VERB [options]\n",
        `${program.description()}\n`,
        ...names.map(
          (group) =>
            `${heading(group)}\n  ${verbs(group)
              .map((verb) => verb.name())
              .join(", ")}\n`,
        ),
        "`signet help GROUP` describes a group's verbs, `signet VERB --help` one verb.\n",
      ].join("\n"),
  });
  program
    .command("help")
    .helpGroup("help")
    .description("list all verbs, or describe those of a group")
    .argument("[group]", names.join(", "))
    .action((group?: string) => {
      if (group === undefined) return program.outputHelp();
      if (!names.includes(group)) throw new Trouble(`there is no group ${group}`, `groups are: ${names.join(", ")}`);
      const lines = verbs(group).map((verb) => `  ${verb.name().padEnd(11)} ${verb.description()}\n`);
      process.stdout.write(
        `${heading(group)}\n\n${lines.join("")}\n\`signet VERB --help\` shows the usage of a verb.\n`,
      );
    });

  function heading(group: string): string {
    return `${group}: ${groups[group]}`;
  }
}
