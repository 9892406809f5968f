#!/usr/bin/env node
/**
 * Make a fresh clone work, then hand over to the CLI: `node tools/bootstrap.mjs VERB …` is `signet VERB …` with whatever
 * that verb needs in place. Plain Node, because it runs before `npm ci` did. Existing parts are left alone, so
 * the second run installs nothing and costs a few milliseconds.
 *
 * In the npm package it installs nothing: it names the Debian packages that are missing.
 *
 * It writes to standard error only: standard output belongs to the verb.
 */
import { spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { constants as os } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { missingPackages, present } from "./packages.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The CLI in the npm package: it is compiled, and npm has installed what it needs. */
const COMPILED = join(ROOT, "tools", "signet.js");
const IS_PACKAGE = existsSync(COMPILED);

/** Error text of an installer for a known fault. The first match is reported. */
const TROUBLES = [
  {
    text: /no space left|enough free space|ENOSPC/i,
    what: "the disk is full",
    hint: "free some space, then run the command again",
  },
  {
    text: /temporary failure resolving|could not resolve|could not connect|unable to connect|network is unreachable|connection (timed out|refused)|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET/i,
    what: "the network cannot be reached",
    hint: "check the connection (and proxy settings), then run the command again; what is installed already is kept",
  },
  {
    text: /could not get lock|unable to acquire the dpkg/i,
    what: "another apt is running",
    hint: "wait until it is done, then run the command again",
  },
  {
    text: /a password is required|not in the sudoers|no tty present|a terminal is required/i,
    what: "sudo needs a password",
    hint: "run `sudo -v` first, then the command again",
  },
  {
    text: /\bEACCES\b|permission denied/i,
    what: "no permission to write files here",
    hint: "change the owner of the clone's folder, or clone again as this user",
  },
];

/** Say one `error:` and one `hint:` line, and end. */
function fail(what, hint) {
  process.stderr.write(`error: ${what}\nhint: ${hint}\n`);
  process.exit(1);
}

/**
 * Return the reason to run `npm ci` in `root`, or undefined: compare the lock file with npm's record of its installation.
 */
export function staleModules(root) {
  const noted = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(noted)) return "npm packages are not installed";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(noted, "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.optional || entry.devOptional || entry.peer) continue;
    if (have[path]?.version !== entry.version)
      return `${path.replace(/^.*node_modules\//, "")} ${entry.version} is not installed`;
  }
  return undefined;
}

/** Run an installer with its output shown; return the description of its failure, or undefined. */
function install(command, args) {
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["inherit", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    const show = (bytes) => {
      said += bytes;
      process.stderr.write(bytes);
    };
    child.stdout.on("data", show);
    child.stderr.on("data", show);
    child.on("error", (error) =>
      resolve({ what: `${command} cannot be started (${error.code})`, hint: `install ${command}` }),
    );
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(undefined);
      const known = TROUBLES.find((row) => row.text.test(said));
      resolve(
        known ?? { what: `${command} ended with ${signal ?? `code ${code}`}`, hint: "its last lines above say why" },
      );
    });
  });
}

/** True if this process lives. */
function runs(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** The process whose number a link names; 0 if there is no link. */
function holderOf(link) {
  try {
    return Number(readlinkSync(link));
  } catch {
    return 0;
  }
}

/**
 * Do some work while no other command installs in this clone: two installers at once destroy each other's files. The lock is a link whose target is the number of
 * the process, so that it is never there without its content. A process that ended without removing it holds nothing.
 */
async function alone(work) {
  const link = join(ROOT, "build", "installing");
  for (let isTold = false; ; await sleep(100)) {
    const holder = holderOf(link);
    if (holder === process.pid) break;
    if (runs(holder)) {
      if (!isTold)
        process.stderr.write(`another command (process ${holder}) installs what is missing: waiting for it\n`);
      isTold = true;
      continue;
    }
    try {
      mkdirSync(dirname(link), { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(String(process.pid), link);
    } catch (error) {
      // Without permission to write there is nothing to protect: the installer will say so.
      if (error.code !== "EEXIST") return work();
    }
  }
  try {
    await work();
  } finally {
    rmSync(link, { force: true });
  }
}

/** Install the Debian packages, or print the command that does, and end. */
async function ensurePackages(verb) {
  const missing = missingPackages(verb);
  if (missing.length === 0) return;
  const names = missing.map((row) => row.name).join(" ");
  const root = process.getuid?.() === 0;
  if (!present("apt-get"))
    fail(
      `programs are missing, and apt-get is not available: ${missing.map((row) => row.probes[0]).join(" ")}`,
      `install the equivalents of these Debian packages: ${names}`,
    );
  if (IS_PACKAGE) fail(`missing packages: ${names}`, `as root: apt-get install --no-install-recommends ${names}`);
  if (!root && !present("sudo"))
    fail(
      `packages are missing, and neither root nor sudo is available: ${names}`,
      `as root: apt-get install --no-install-recommends ${names}`,
    );

  process.stderr.write("Missing Debian packages; installing them:\n");
  for (const row of missing) process.stderr.write(`  ${row.name.padEnd(26)}${row.why}\n`);
  const apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2"];
  const steps = [
    [...apt, "-o", "APT::Update::Error-Mode=any", "update"],
    [...apt, "install", "-y", "--no-install-recommends", ...missing.map((row) => row.name)],
  ];
  for (const step of steps) {
    const [command, ...args] = root
      ? step
      : ["sudo", ...(process.stdin.isTTY ? [] : ["-n"]), "DEBIAN_FRONTEND=noninteractive", ...step];
    const trouble = await install(command, args);
    if (trouble) fail(`${names} could not be installed: ${trouble.what}`, trouble.hint);
  }
  const still = missingPackages(verb);
  if (still.length > 0) fail(`installed, but not found: ${still.map((row) => row.probes[0]).join(" ")}`, "check PATH");
}

/** Put the npm packages in place as package-lock.json names them. */
async function ensureModules() {
  const why = staleModules(ROOT);
  if (!why) return;
  if (lstatSync(join(ROOT, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail(`${why}, and node_modules is a link`, "run `npm ci` in its target");
  }
  process.stderr.write(`${why}: running npm ci\n`);
  // The npm that runs this script: a package in node_modules may have brought another one, first on the PATH of scripts.
  const ours = process.env.npm_execpath;
  const [npm, ...first] = ours?.endsWith("npm-cli.js") ? [process.execPath, ours] : ["npm"];
  const trouble = await install(npm, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (trouble) fail(`npm packages could not be installed: ${trouble.what}`, trouble.hint);
}

/** Run the CLI in our place: same terminal, signals passed on, its exit code ours. */
function handOver(args) {
  const loader = pathToFileURL(join(ROOT, "tools", "load.mjs")).href;
  const program = IS_PACKAGE ? [COMPILED] : ["--import", loader, join(ROOT, "tools", "signet.ts")];
  const child = spawn(process.execPath, [...program, ...args], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself; we only outlive it. A signal sent to us alone is passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("close", (code, signal) => process.exit(code ?? 128 + os.signals[signal]));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [verb = "--help", ...rest] = process.argv.slice(2);
  if (Number(process.versions.node.split(".")[0]) < 20)
    fail(`Node ${process.versions.node} is too old`, "install Node 20 or newer");
  if (!IS_PACKAGE && !existsSync(join(ROOT, "package-lock.json")))
    fail("package-lock.json is missing", "run this in a whole clone");
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  const lacksPackages = !wantsHelp && missingPackages(verb).length > 0;
  if (lacksPackages || (!IS_PACKAGE && staleModules(ROOT)))
    await alone(async () => {
      if (lacksPackages) await ensurePackages(verb);
      if (!IS_PACKAGE) await ensureModules();
    });
  handOver([verb, ...rest]);
}
