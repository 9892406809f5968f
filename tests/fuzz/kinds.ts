import type { Kind } from "../../tools/firmware/host.ts";

/** A libFuzzer target that holds the lab's cryptography against libsodium. */
export const DIFFERENTIAL: Kind = {
  name: "differential",
  compiler: "clang",
  flags: ["-O2", "-fsanitize=undefined,fuzzer", "-fno-sanitize-recover=all", "-DFUZZER"],
  main: "tests/fuzz/differential.c",
  libraries: ["-l:libsodium.so.23"],
};

/** A libFuzzer target that is a server of the TLS client; it includes the guest, to keep copies of it. */
export const HANDSHAKE: Kind = {
  name: "handshake",
  compiler: "clang",
  flags: [
    "-O2",
    "-fsanitize=address,undefined,fuzzer",
    "-fno-sanitize-recover=all",
    "-fsanitize-coverage-ignorelist=tests/fuzz/uncovered.txt",
    "-DFUZZER",
  ],
  main: "tests/fuzz/handshake.c",
  libraries: ["-l:libsodium.so.23"],
  holdsGuest: true,
};

/** A libFuzzer target that is a module of the drivers for AT modules; it includes the guest, to keep copies of it. */
export const LINK: Kind = {
  name: "fuzz",
  compiler: "clang",
  flags: ["-O2", "-fsanitize=address,undefined,fuzzer", "-fno-sanitize-recover=all", "-DFUZZER"],
  main: "tests/fuzz/link.c",
  holdsGuest: true,
};
