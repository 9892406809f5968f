/** The versions that the suites were run with, and how each program is asked for its own. A version stands for all that begin with it. */

interface Tried {
  readonly ask: readonly (readonly [program: string, ...args: string[]])[];
  readonly tried: readonly string[];
}

const one = (program: string, args: readonly string[], ...tried: readonly string[]): Tried => {
  return { ask: [[program, ...args]], tried };
};

export const TRIED: {
  readonly debian: readonly string[];
  readonly node: readonly string[];
  readonly packages: Readonly<Record<string, Tried>>;
} = {
  debian: ["12", "13"],
  node: ["20", "22", "24", "26"],
  packages: {
    "gcc-arm-none-eabi": one("arm-none-eabi-gcc", ["-dumpfullversion"], "12.2", "14.2"),
    "qemu-system-arm": one("qemu-system-arm", ["--version"], "7.2", "10.0"),
    "clang-format": one("clang-format", ["--version"], "14.0", "19.1"),
    clang: one("clang", ["--version"], "14.0", "19.1"),
    gcc: one("gcc", ["-dumpfullversion"], "12.2", "14.2"),
    valgrind: one("valgrind", ["--version"], "3.19", "3.24"),
    spin: one("spin", ["-V"], "6.5"),
    openssl: one("openssl", ["version"], "3.0", "3.5"),
    "gnutls-bin": one("gnutls-serv", ["--version"], "3.7", "3.8"),
    postgresql: one("psql", ["--version"], "15", "17"),
    mosquitto: one("mosquitto", ["-h"], "2.0"),
    nginx: one("nginx", ["-v"], "1.22"),
    haproxy: one("haproxy", ["-v"], "2.6"),
    openocd: one("openocd", ["--version"], "0.12"),
    "python3-pyocd": {
      ask: [
        ["pyocd", "--version"],
        ["pyocd-flashtool", "--version"],
      ],
      tried: ["0.13"],
    },
  },
};
