/** Debian's packages that Signet uses, and which of them this machine lacks. Plain Node, because it runs before `npm ci` did. */
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Which groups of Debian packages a verb needs; a verb that is not listed needs npm packages only. */
const GROUPS_OF = {
  demo: ["firmware", "emulator"],
  build: ["firmware"],
  size: ["firmware"],
  export: ["firmware"],
  try: ["firmware", "emulator"],
  page: ["firmware"],
  bench: ["firmware", "emulator", "host"],
  flash: ["firmware"],
  provision: ["firmware"],
  emulate: ["emulator"],
  check: ["format"],
  format: ["format"],
  test: ["firmware", "emulator", "format", "host", "database", "broker", "proxy", "probe", "browser"],
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
  { name: "libsodium23", group: "host", probes: ["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/libsodium.so.23`), why: "the reference of the fuzzers of cryptography" },
  { name: "libunicorn-dev", group: "host", probes: ["/usr/include/unicorn/unicorn.h"], why: "runs the firmware with one fault, or with marked secrets" },
  { name: "make", group: "host", probes: ["make"], why: "builds the example of an export" },
  { name: "cmake", group: "host", probes: ["cmake"], why: "builds the example of an export" },
  { name: "libxml2-utils", group: "host", probes: ["xmllint"], why: "checks the pack description of an export" },
  { name: "python3-kconfiglib", group: "host", probes: ["/usr/lib/python3/dist-packages/kconfiglib.py"], why: "reads the Kconfig of an export" },
  { name: "libc6-dev", group: "host", probes: ["/usr/include/stdio.h"], why: "the host's C headers" },
  { name: "valgrind", group: "host", probes: ["valgrind"], why: "follows secrets through the host build" },
  { name: "spin", group: "host", probes: ["spin"], why: "checks the model of the protocol" },
  { name: "openssl", group: "host", probes: ["openssl"], why: "a TLS peer" },
  { name: "gnutls-bin", group: "host", probes: ["gnutls-serv"], why: "a TLS peer" },
  { name: "postgresql", group: "database", probes: ["/usr/lib/postgresql/*/bin/postgres"], why: "the server's other database" },
  { name: "mosquitto", group: "broker", probes: ["/usr/sbin/mosquitto"], why: "a broker between devices and server" },
  { name: "nginx", group: "proxy", probes: ["/usr/sbin/nginx"], why: "a TLS peer, in front of a server" },
  { name: "haproxy", group: "proxy", probes: ["/usr/sbin/haproxy"], why: "a TLS peer, in front of a server" },
  { name: "openocd", group: "probe", probes: ["openocd"], why: "writes boards through a probe" },
  { name: "python3-pyocd", group: "probe", probes: ["pyocd", "pyocd-flashtool"], why: "writes boards through a probe" },
  { name: "chromium", group: "browser", probes: ["chromium"], why: "opens the operator's page" },
];

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

/** True if one of a package's probes is there. */
export function isInstalled(row, isPresent = present) {
  return row.probes.some((probe) => isPresent(probe));
}

/** The Debian packages that `verb` needs and this machine lacks. */
export function missingPackages(verb, isPresent = present) {
  const groups = GROUPS_OF[verb] ?? [];
  return PACKAGES.filter((row) => groups.includes(row.group) && !isInstalled(row, isPresent));
}
