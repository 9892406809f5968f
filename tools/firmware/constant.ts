/**
 * The static rule over a linked image: instructions that make time depend on data, in functions that touch secrets. It looks at the compiler's output,
 * so another compiler cannot undo what the sources keep.
 *
 * In the functions of `assembly/crypto` and of `cpu_*.S`: no division, by instruction or by call, and no multiplication or division under a condition. In those of
 * `cpu_*.S` besides: no conditional instruction, and no conditional branch but on the public counters below. Not covered: branches of compiled code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Trouble } from "../trouble.ts";
import { filesBelow } from "./cache.ts";
import { ROOT } from "./root.ts";
import { run } from "./run.ts";

/** The comparisons that may decide a branch in assembly: of each function, the instruction that sets the flags, and the public number that it counts. */
const COUNTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cpu_aes128_encrypt: { "cmp r0, r1": "round keys" },
  cpu_chacha20: { "subs r2, #1": "blocks", "subs ip, ip, #1": "double rounds" },
  cpu_comb_select: { "cmp r2, #1": "rows of the table", "cmp r3, #96": "bytes of the row" },
  cpu_fe256_square: { "subs r2, r6, #1": "squarings" },
  cpu_fe_scale: { "cmp r2, #1": "the factor, a constant", "cmp r6, #28": "bytes of the element" },
  cpu_fe_square: { "subs r2, #1": "squarings" },
  cpu_ghash: { "cmp r0, ip": "words of the operands", "subs r2, #1": "blocks" },
  cpu_montgomery_row: { "cmp r0, lr": "bytes of the element", "tst r5, #8": "bytes of the element" },
  cpu_poly1305: { "subs lr, lr, #1": "blocks" },
  cpu_sc_montgomery: { "cmp r1, r0": "bytes of the scalar" },
  cpu_rsa_shift: { "cmp r2, r3": "bytes of the modulus" },
  cpu_select: { "cmp r1, r3": "bytes of the rows" },
  cpu_sha256: { "cmp r3, r2": "words of the block", "subs r2, #1": "blocks", "subs r7, #1": "rounds" },
  cpu_sha512: { "subs r2, #1": "blocks", "subs r3, #1": "rounds" },
};

const CONDITION = "(?:eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)";
const BRANCH = new RegExp(`^(?:b${CONDITION}|cbn?z)$`);
const DIVISION = /^[us]div/;
const DIVISION_CALL = /<__aeabi_[a-z]*(?:div|mod)\w*>/;
const CONDITIONAL_PRODUCT = new RegExp(`^(?:[us]div|u?mull|[us]m\\w+l|umaal|mla|mul)${CONDITION}$`);
const SETS_FLAGS = /^(?:cmp|cmn|tst|teq|(?:add|adc|sub|sbc|rsb|mov|mvn|and|orr|eor|bic|lsl|lsr|asr|ror|mul|neg)s)$/;

/** wasm2c's prefix of the functions of files that handle nothing secret: each of their `CT:` lines says that everything leaks. */
export function publicPrefixes(): string[] {
  const says = (path: string): RegExpMatchArray[] => [
    ...readFileSync(join(ROOT, path), "utf8").matchAll(/^ \* CT: (.*)$/gm),
  ];
  return filesBelow("assembly/crypto")
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => says(path).length > 0 && says(path).every(([, text]) => text!.startsWith("everything leaks")))
    .map((path) => `w2c_assembly_crypto_${/(\w+)\.ts$/.exec(path)![1]}_`);
}

/** Each breach of the rule in a disassembly by objdump: the function, the address and the instruction. */
export function breaches(disassembly: string, known: readonly string[] = publicPrefixes()): string[] {
  const found: string[] = [];
  let name = "";
  let flags = "";
  for (const line of disassembly.split("\n")) {
    const head = /^[0-9a-f]+ <(.*)>:$/.exec(line);
    if (head) [name, flags] = [head[1]!, ""];
    const [, address, full, operands = ""] = /^\s*([0-9a-f]+):\t(\S+)(?:\t([^;@]*))?/.exec(line) ?? [];
    if (address === undefined || full === undefined) continue;
    const isAssembly = name.startsWith("cpu_");
    if (!isAssembly && !name.startsWith("w2c_assembly_crypto_")) continue;
    if (known.some((prefix) => name.startsWith(prefix))) continue;
    const mnemonic = full.split(".")[0]!;
    const complain = (why: string): unknown => found.push(`${name}, ${address}: ${why}: ${full} ${operands.trim()}`);
    if (DIVISION.test(mnemonic) || DIVISION_CALL.test(operands)) complain("a division");
    else if (CONDITIONAL_PRODUCT.test(mnemonic)) complain("a multiplication under a condition");
    if (!isAssembly) continue;
    if (/^it[te]{0,3}$/.test(mnemonic)) complain("a conditional instruction");
    if (BRANCH.test(mnemonic) && (mnemonic.startsWith("cb") || COUNTERS[name]?.[flags] === undefined))
      complain(`a branch on no public counter (${flags || "unknown flags"})`);
    if (SETS_FLAGS.test(mnemonic)) flags = `${mnemonic} ${operands.trim()}`;
  }
  return found;
}

/** Fail if an image breaks the rule. */
export async function assertConstant(elf: string): Promise<void> {
  const found = breaches(await run("arm-none-eabi-objdump", ["-d", "--no-show-raw-insn", elf]));
  if (found.length > 0)
    throw new Trouble(
      `${elf}: time depends on data where secrets are handled\n  ${found.join("\n  ")}`,
      "tools/firmware/constant.ts has the rule, and the public counters of the assembly",
    );
}
