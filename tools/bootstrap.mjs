/**
 * Make a fresh clone work, then hand over to the CLI: `node tools/bootstrap.mjs VERB …` is `signet VERB …` with whatever
 * that verb needs in place. Plain Node, because it runs before `npm ci` did. What is there already is left alone, so
 * the second run installs nothing and costs a few milliseconds.
 *
 * It writes to standard error only: standard output belongs to the verb.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { constants as os } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Which groups of Debian packages a verb needs; a verb that is not listed needs npm packages only. */
const GROUPS_OF = {
  demo: ["firmware", "emulator"],
  build: ["firmware"],
  size: ["firmware"],
  bench: ["firmware", "emulator", "host"],
  flash: ["firmware"],
  provision: ["firmware"],
  emulate: ["emulator"],
  check: ["format"],
  format: ["format"],
  test: ["firmware", "emulator", "format", "host", "database", "broker", "probe", "browser"],
};

/**
 * Debian's packages, and the programs on PATH or files any of which tells that one is there. The names are those that
 * Debian 12 and 13 share; a `*` in a file's path stands for a folder that is named by a version.
 */
// prettier-ignore
export const PACKAGES = [
  { name: "gcc-arm-none-eabi", group: "firmware", probes: ["arm-none-eabi-gcc"], why: "compiles the firmware" },
  { name: "libnewlib-arm-none-eabi", group: "firmware", probes: ["/usr/lib/arm-none-eabi/newlib"], why: "the firmware's C library" },
  { name: "qemu-system-arm", group: "emulator", probes: ["qemu-system-arm"], why: "runs the firmware" },
  { name: "clang-format", group: "format", probes: ["clang-format"], why: "checks the format of C" },
  { name: "clang", group: "host", probes: ["clang"], why: "builds the firmware for the host" },
  { name: "libclang-rt-dev", group: "host", probes: ["x86_64", "aarch64"].map((cpu) => `/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-${cpu}.a`), why: "sanitizers and fuzzer" },
  { name: "gcc", group: "host", probes: ["gcc"], why: "compiles QEMU's tracing plugin" },
  { name: "libsodium23", group: "host", probes: ["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/libsodium.so.23`), why: "what the cryptography is fuzzed against" },
  { name: "libunicorn-dev", group: "host", probes: ["/usr/include/unicorn/unicorn.h"], why: "runs the firmware with one fault" },
  { name: "libc6-dev", group: "host", probes: ["/usr/include/stdio.h"], why: "the host's C headers" },
  { name: "valgrind", group: "host", probes: ["valgrind"], why: "follows secrets through the host build" },
  { name: "spin", group: "host", probes: ["spin"], why: "checks the model of the protocol" },
  { name: "openssl", group: "host", probes: ["openssl"], why: "a TLS peer" },
  { name: "gnutls-bin", group: "host", probes: ["gnutls-serv"], why: "a TLS peer" },
  { name: "postgresql", group: "database", probes: ["/usr/lib/postgresql/*/bin/postgres"], why: "the server's other database" },
  { name: "mosquitto", group: "broker", probes: ["/usr/sbin/mosquitto"], why: "a broker between devices and server" },
  { name: "openocd", group: "probe", probes: ["openocd"], why: "writes boards through a probe" },
  { name: "python3-pyocd", group: "probe", probes: ["pyocd", "pyocd-flashtool"], why: "writes boards through a probe" },
  { name: "chromium", group: "browser", probes: ["chromium"], why: "opens the operator's page" },
];

/** Text an installer prints when its trouble is of a kind we can name. The first that matches is told. */
const TROUBLES = [
  {
    text: /no space left|enough free space|ENOSPC/i,
    what: "the disk is full",
    hint: "free some space, then run the command again",
  },
  {
    text: /temporary failure resolving|could not resolve|could not connect|unable to connect|network is unreachable|connection (timed out|refused)|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET/i,
    what: "the network can not be reached",
    hint: "check the connection (and proxy settings), then run the command again; what is installed already is kept",
  },
  {
    text: /could not get lock|unable to acquire the dpkg/i,
    what: "another apt is at work",
    hint: "wait until it is done, then run the command again",
  },
  {
    text: /a password is required|not in the sudoers|no tty present|a terminal is required/i,
    what: "sudo needs a password",
    hint: "run `sudo -v` first, then the command again",
  },
  {
    text: /\bEACCES\b|permission denied/i,
    what: "files here may not be written",
    hint: "own the clone's folder, or clone again as yourself",
  },
];

/** Say one `error:` and one `hint:` line, and end. */
function fail(what, hint) {
  process.stderr.write(`error: ${what}\nhint: ${hint}\n`);
  process.exit(1);
}

/** The paths that a path with `*` for some of its folders stands for. */
function expand(path) {
  const [before, ...after] = path.split("*");
  if (after.length === 0) return [path];
  const folder = dirname(`${before}x`);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.filter((name) => join(folder, name).startsWith(before));
  return found.flatMap((name) => expand(join(folder, name) + after.join("*")));
}

/** True if the program is on PATH, or if the file exists. */
export function present(probe, path = process.env.PATH ?? "") {
  const places = probe.startsWith("/") ? expand(probe) : path.split(delimiter).map((folder) => join(folder, probe));
  return places.some((place) => {
    try {
      accessSync(place, probe.startsWith("/") ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The Debian packages that `verb` needs and this machine lacks. */
export function missingPackages(verb, isPresent = present) {
  const groups = GROUPS_OF[verb] ?? [];
  return PACKAGES.filter((row) => groups.includes(row.group) && !row.probes.some((probe) => isPresent(probe)));
}

/** Why `npm ci` must run in `root`, or undefined: compares the lock file with what npm noted when it installed. */
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

/** Run an installer with its output shown; returns what is to be said of its failure, or undefined. */
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
      resolve({ what: `${command} can not be started (${error.code})`, hint: `install ${command}` }),
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

/** Put the Debian packages in place, or say exactly which to install and end. */
async function ensurePackages(verb) {
  const missing = missingPackages(verb);
  if (missing.length === 0) return;
  const names = missing.map((row) => row.name).join(" ");
  const root = process.getuid?.() === 0;
  if (!present("apt-get"))
    fail(
      `missing programs, and no apt-get here: ${missing.map((row) => row.probes[0]).join(" ")}`,
      `install what Debian calls: ${names}`,
    );
  if (!root && !present("sudo"))
    fail(
      `missing packages, and neither root nor sudo here: ${names}`,
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
  if (still.length > 0)
    fail(`installed, yet not found: ${still.map((row) => row.probes[0]).join(" ")}`, "look at PATH");
}

/** Put the npm packages in place as package-lock.json names them. */
async function ensureModules() {
  const why = staleModules(ROOT);
  if (!why) return;
  if (lstatSync(join(ROOT, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail(`${why}, and node_modules is a link`, "run `npm ci` where it points");
  }
  process.stderr.write(`${why}: running npm ci\n`);
  const trouble = await install("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (trouble) fail(`npm packages could not be installed: ${trouble.what}`, trouble.hint);
}

/** Run the CLI in our place: same terminal, signals passed on, its exit code ours. */
function handOver(args) {
  const tsx = pathToFileURL(join(ROOT, "node_modules", "tsx", "dist", "loader.mjs")).href;
  const child = spawn(process.execPath, ["--import", tsx, join(ROOT, "tools", "signet.ts"), ...args], {
    stdio: "inherit",
  });
  // A terminal's Ctrl-C reaches the child by itself; we only outlive it. A signal sent to us alone is passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("close", (code, signal) => process.exit(code ?? 128 + os.signals[signal]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [verb = "--help", ...rest] = process.argv.slice(2);
  if (Number(process.versions.node.split(".")[0]) < 20)
    fail(`Node ${process.versions.node} is too old`, "install Node 20 or newer");
  if (!existsSync(join(ROOT, "package-lock.json"))) fail("package-lock.json is missing", "run this in a whole clone");
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  if (!wantsHelp) await ensurePackages(verb);
  await ensureModules();
  handOver([verb, ...rest]);
}
