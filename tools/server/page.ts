/** The operator's page: its files, read once, and the headers that keep anything else from running or loading in it. */
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Fields, pageModule } from "../fields.ts";

/** One file of the page, and the path it is asked for by. */
export interface PageFile {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "page");

/** The path of the names of the fields, which a product may have its own of. */
const OWN_FIELDS = "/page/fields.js";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** No inline code, no other origin, no text parsed as markup, no frames. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-cache",
};

/** Read the page's files: index.html is at /, all others are under /page/, the plotting library among them. */
export function page(fields?: Fields): PageFile[] {
  const own = readdirSync(FOLDER)
    .filter((name) => extname(name) in TYPES)
    .map((name): [string, string] => [name === "index.html" ? "/" : `/page/${name}`, join(FOLDER, name)]);
  const uplot = dirname(createRequire(import.meta.url).resolve("uplot"));
  const library: [string, string][] = [
    ["/page/uplot.js", join(uplot, "uPlot.esm.js")],
    ["/page/uplot.css", join(uplot, "uPlot.min.css")],
  ];
  return [...own, ...library].map(([path, file]) => ({
    path,
    headers: { ...HEADERS, "content-type": TYPES[extname(file)]! },
    body: Uint8Array.from(path === OWN_FIELDS && fields ? Buffer.from(pageModule(fields)) : readFileSync(file)),
  }));
}
