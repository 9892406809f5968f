/** Chromium, as Debian has it, for tests of the operator's page. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";

/** How long the page has for any one step, on a machine that has much else to do. */
const STEP_MS = 60_000;

/** Why there is no browser; false if there is one. */
export const missing = existsSync(PROGRAM) ? false : `${PROGRAM} is not installed`;

/** A folder for pictures of the page, if somebody wants to look at them. */
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
  /** What the browser said of errors and of breaches of the page's policy. */
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
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
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
