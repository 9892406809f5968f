/** Chromium, as Debian has it, for tests of the operator's page. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";

/** Time for any one step of the page, on a busy machine. */
const STEP_MS = 60_000;

/** Why there is no browser; false if there is one. */
export const missing = existsSync(PROGRAM) ? false : `${PROGRAM} is not installed`;

/** The folder for pictures of the page; none by default. */
const PICTURES = process.env["SIGNET_PICTURES"];

let browser: Promise<Browser> | undefined;

/** Start the browser, once. */
function started(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: PROGRAM, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  return browser;
}

/** End the browser. */
export async function close(): Promise<void> {
  await (await browser)?.close();
}

export interface Tab {
  readonly page: Page;
  /** The browser's messages about errors and violations of the page's policy. */
  readonly complaints: string[];
  /** Every address that was asked for. */
  readonly asked: string[];
}

/** Open an address in a profile of its own. */
export async function open(t: TestContext, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await (await started()).newContext({ locale: "en-GB", ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  const tab: Tab = { page, complaints: [], asked: [] };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") tab.complaints.push(message.text());
  });
  page.on("pageerror", (error) => tab.complaints.push(String(error)));
  page.on("request", (request) => tab.asked.push(request.url()));
  await page.goto(url);
  return tab;
}

/**
 * Close a tab at the end of a test: nothing may have been complained of, but for what is `expected`, and nothing asked of
 * another origin.
 */
export async function leave({ page, complaints, asked }: Tab, expected = /^$/): Promise<void> {
  const { origin } = new URL(page.url());
  await page.context().close();
  assert.deepEqual(
    complaints.filter((complaint) => !expected.test(complaint)),
    [],
  );
  assert.deepEqual(
    asked.filter((address) => new URL(address).origin !== origin && !address.startsWith("blob:")),
    [],
  );
}

/** Sign in, and wait until the page is live. */
export async function signIn({ page }: Tab, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("status").getByText("Live").waitFor();
}

/** Take a picture, if pictures are wanted. */
export async function picture({ page }: Tab, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** The least contrast of words with what is behind them (WCAG 2.1, 1.4.3). */
const CONTRAST = 4.5;

/** Find words that do not stand out enough from what is behind them. */
export function faint({ page }: Tab): Promise<string[]> {
  return page.evaluate((least) => {
    const channels = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (colour: readonly number[]): number => {
      const [r, g, b] = colour.map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const behind = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour[3] !== 0) return colour.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const found = new Set<string>();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement!;
      if (!texts.currentNode.textContent!.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
      const [a, b] = [luminance(channels(getComputedStyle(element).color).slice(0, 3)), luminance(behind(element))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < least) found.add(`${texts.currentNode.textContent!.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
    }
    return [...found];
  }, CONTRAST);
}
