import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MAKERS } from "./makers.ts";
import { names, values } from "./values.ts";

/** The manufacturer's file must have each of these that a header defines. */
const PREFIXES: Readonly<Record<string, readonly string[]>> = {
  nrf52840dk: "GPIO_ UART_ UARTE_ UARTE1_ TIMER_ RNG_ TEMP_ NVMC_ WDT_ POWER_ CLOCK_ UICR_ APPROTECT_ FICR_".split(" "),
  "nucleo-l476rg": "RCC_ PWR_ EXTI_ USART_ ADC_ RNG_ IWDG_ FLASH_ GPIO_".split(" "),
  "nucleo-l552ze-q": "RCC_ PWR_ EXTI_ USART_ ADC_ RNG_ IWDG_ FLASH_ GPIO_ ICACHE_".split(" "),
  "nucleo-g071rb": "RCC_ PWR_ EXTI_ USART_ ADC_ IWDG_ FLASH_ GPIO_".split(" "),
  "samd21-xpro": "PM_ SYSCTRL_ GCLK_ WDT_ NVMCTRL_ SERCOM_ PORT_ ADC_".split(" "),
  bluepill: "RCC_ PWR_ EXTI_ USART_ ADC_ IWDG_ FLASH_ GPIO_".split(" "),
  stm32f405: "RCC_ PWR_ EXTI_ USART_ ADC_ RNG_ IWDG_ FLASH_ GPIO_".split(" "),
};

/** Include guards. */
const GUARD = /_H_$/;

/** List the differences between expressions and their expected values. */
function differences(found: ReadonlyMap<string, number>, facts: readonly (readonly [string, number])[]): string[] {
  return facts
    .filter(([expression, value]) => found.get(expression) !== value)
    .map(([expression, value]) => `${expression} is ${found.get(expression)?.toString(16)}, not ${value.toString(16)}`);
}

for (const [board, facts] of Object.entries(MAKERS)) {
  describe(`the registers of ${board}`, () => {
    const expressions = facts.map(([expression]) => expression);

    it("have the addresses and bits of the manufacturer's files", async () => {
      assert.deepEqual(differences(await values(board, expressions), facts), []);
    });

    it("are all in the manufacturer's files", async () => {
      const known = new Set(expressions.map((expression) => /^&?(\w+)/.exec(expression)![1]!));
      const own = (await names(board, PREFIXES[board]!)).filter((name) => !GUARD.test(name));
      assert.ok(own.length > 40);
      assert.deepEqual(
        own.filter((name) => !known.has(name)),
        [],
      );
    });

    it("are refused if one of them is wrong", async () => {
      const found = await values(board, expressions);
      for (const [expression, value] of facts) {
        const wrong = new Map(found).set(expression, value ^ 4);
        assert.equal(differences(wrong, facts).length, 1, expression);
      }
    });
  });
}

const SCRIPTS = "/usr/share/openocd/scripts/target";

/** The accesses of OpenOCD's scripts to a chip's clocks, with their names there: [in the script, address, value]. */
// prettier-ignore
const CLOCKS: readonly (readonly [board: string, script: string, says: RegExp, address: string, value: string | undefined])[] = [
  ["nucleo-l552ze-q", "stm32l5x", /# RCC_APB1ENR1 = PWREN\n\tmww .*?(0x\w+).* (0x\w+)\n/, "&RCC->APB1ENR1", "RCC_APB1ENR1_PWREN"],
  ["nucleo-l552ze-q", "stm32l5x", /# PWR_CR1 : VOS Range 0\n\tmww .*?(0x\w+).* (0)\n/, "&PWR->CR1", undefined],
  ["nucleo-l552ze-q", "stm32l5x", /# while \(PWR_SR2 & VOSF\)\n\twhile .*?(0x\w+).*& (0x\w+)\)/, "&PWR->SR2", "PWR_SR2_VOSF"],
  ["nucleo-l552ze-q", "stm32l5x", /# FLASH_ACR : 5 WS .*\n\tmww (0x\w+) (0x\w+)\n/, "&FLASH->ACR", undefined],
  ["nucleo-l552ze-q", "stm32l5x", /# RCC_PLLCFGR = .*PLLREN=1, PLLN=55, PLLM=0000=1, PLLSRC=MSI(?:.*\n)+?\tmww .*?(0x\w+).* (0x\w+)\n/, "&RCC->PLLCFGR", "RCC_PLLCFGR_REN | RCC_PLLCFGR_N(55) | RCC_PLLCFGR_M(1) | 0x11"],
  ["nucleo-l552ze-q", "stm32l5x", /# RCC_CR \|= PLLON\n\tmmw .*?(0x\w+).* (0x\w+) 0\n/, "&RCC->CR", "RCC_CR_PLLON"],
  ["nucleo-l552ze-q", "stm32l5x", /# while !\(RCC_CR & PLLRDY\)\n\twhile .*?(0x\w+).*& (0x\w+)\)/, "&RCC->CR", "RCC_CR_PLLRDY"],
  ["nucleo-l552ze-q", "stm32l5x", /# RCC_CFGR \|= SW_PLL\n\tmmw .*?(0x\w+).* (0x\w+) 0\n/, "&RCC->CFGR", "RCC_CFGR_SW_PLL"],
  ["nucleo-l552ze-q", "stm32l5x", /SWS\) != PLL\)\n\twhile .*?(0x\w+).*& (0x\w+)\)/, "&RCC->CFGR", "RCC_CFGR_SWS_PLL"],
  ["nucleo-l476rg", "stm32l4x", /mww (0x\w+) (0x\w+) +;# FLASH_ACR = PRFTBE \| 3/, "&FLASH->ACR", "FLASH_ACR_PRFTEN | 3"],
  ["nucleo-l476rg", "stm32l4x", /mww (0x\w+) (0x\w+) +;# RCC_CR = MSI_ON/, "&RCC->CR", undefined],
];

describe("OpenOCD's scripts", { skip: existsSync(SCRIPTS) ? false : "openocd is not installed" }, () => {
  for (const [board, script, says, address, value] of CLOCKS) {
    it(`name ${address.slice(1)} of ${board}${value === undefined ? "" : ` and ${value}`} as the header does`, async () => {
      const found = says.exec(readFileSync(`${SCRIPTS}/${script}.cfg`, "utf8"));
      assert.ok(found, `${script}.cfg no longer says so`);
      const wanted = value === undefined ? [address] : [address, value];
      const own = await values(board, wanted);
      assert.deepEqual([...own.values()], [Number(found[1]), Number(found[2])].slice(0, wanted.length));
    });
  }
});
