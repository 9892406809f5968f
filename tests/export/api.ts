/** The C interface of an export as a list of declarations: what a program of one's own depends on. */

/** A declaration on one line, behind the name that it declares. */
export interface Declaration {
  readonly name: string;
  readonly text: string;
}

/** List the declarations of headers: functions, structures, enumerations with their members, and macros. */
export function declarations(headers: readonly string[]): Declaration[] {
  const found: Declaration[] = [];
  const put = (name: string | undefined, text: string): void => {
    if (name !== undefined) found.push({ name, text: text.replaceAll(/\s+/g, " ").trim() });
  };
  for (const header of headers) {
    const code = header.replaceAll(/\/\*[\s\S]*?\*\//g, "");
    for (const [text, name] of code.matchAll(/^#define (\w+)[ (].*$/gm)) put(name, text);
    const rest = code.replaceAll(/^#.*$/gm, "").replaceAll(/extern "C" \{/g, "");
    for (const [text, members] of rest.matchAll(/^enum \w+ \{([^}]*)\};/gm))
      for (const member of members!.split(",").filter((one) => one.trim() !== ""))
        put(/\w+/.exec(member)?.[0], `${text.split("{")[0]}{ ${member} }`);
    for (const [text, name] of rest.matchAll(/^struct (\w+) \{[^}]*\};/gm)) put(name, text);
    for (const [text, name] of rest.matchAll(/^(?!enum|struct|static)[^\n{};]*?(signet_\w+)(?:\(|\[)[^;{}]*;/gm))
      put(name, text);
    for (const [text, name] of rest.matchAll(/^static inline [^{};]*?(signet_\w+)\([^)]*\)/gm)) put(name, text);
  }
  return found.toSorted((a, b) => (a.text < b.text ? -1 : 1));
}

/** The declarations as the lines of a file. */
export function lines(all: readonly Declaration[]): string[] {
  return all.map(({ name, text }) => `${name}: ${text}`);
}

/** The names that are new, gone, or declared in another way. */
export function changed(before: readonly string[], now: readonly Declaration[]): string[] {
  const after = lines(now);
  const different = [
    ...after.filter((line) => !before.includes(line)),
    ...before.filter((line) => !after.includes(line)),
  ];
  return [...new Set(different.map((line) => line.split(":")[0]!))];
}
