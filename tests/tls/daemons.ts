/** Servers with a configuration: nginx, HAProxy and Caddy in front of an HTTP server, and HTTP servers in Go and Java, each on free ports of this machine. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { answers, freePort } from "../../tools/line/port.ts";
import { Peer, type Files } from "./peers.ts";

/** A key, and its chain with the leaf first, in PEM. */
export interface Credential {
  readonly key: string;
  readonly chain: string;
  /** The certificates, in PEM, of which it demands one. */
  readonly clients?: string;
}

/** A listener of a daemon: its port, and the files of its credential. */
interface Site {
  readonly port: number;
  readonly key: string;
  readonly chain: string;
  /** Both in one file. */
  readonly both: string;
  readonly clients: string | undefined;
}

/** A program, and how it is started for these sites in front of `backend`. */
export interface Daemon {
  readonly program: string;
  readonly start: (files: Files, sites: readonly Site[], backend: number) => Peer;
}

const nginx = (files: Files, sites: readonly Site[], backend: number): Peer => {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const folders = places.map((name) => `${name}_temp_path ${files.place(name)};`).join("\n");
  const servers = sites.map(
    ({ port, key, chain, clients }) => `server {
      listen 127.0.0.1:${port} ssl;
      ${clients ? `ssl_verify_client on; ssl_client_certificate ${clients};` : ""}
      ssl_protocols TLSv1.3; ssl_certificate ${chain}; ssl_certificate_key ${key};
      location / { proxy_pass http://127.0.0.1:${backend}; }
    }`,
  );
  const config = files.put(
    "nginx.conf",
    `daemon off; pid ${files.place("nginx.pid")}; error_log stderr; worker_processes 1; master_process off;
    events {} http { access_log off; ${folders}\n${servers.join("\n")} }`,
  );
  return new Peer(0, DAEMONS.nginx.program, ["-e", "stderr", "-c", config]);
};

const haproxy = (files: Files, sites: readonly Site[], backend: number): Peer => {
  const fronts = sites.map(
    ({ port, both, clients }) =>
      `frontend f${port}\n bind 127.0.0.1:${port} ssl crt ${both} ssl-min-ver TLSv1.3${clients ? ` ca-file ${clients} verify required` : ""}\n default_backend b\n`,
  );
  const timeouts = ["connect", "client", "server"].map((what) => ` timeout ${what} 60s\n`).join("");
  const config = `defaults\n mode http\n${timeouts}${fronts.join("")}backend b\n server s 127.0.0.1:${backend}\n`;
  return new Peer(0, DAEMONS.HAProxy.program, ["-db", "-f", files.put("haproxy.cfg", config)]);
};

const caddy = (files: Files, sites: readonly Site[], backend: number): Peer => {
  const servers = sites.map(
    ({ port, key, chain, clients }) =>
      `https://localhost:${port} {\n bind 127.0.0.1\n tls ${chain} ${key}${clients ? ` {\n client_auth {\n mode require_and_verify\n trusted_ca_cert_file ${clients}\n }\n }` : ""}\n reverse_proxy 127.0.0.1:${backend}\n}\n`,
  );
  const config = files.put("Caddyfile", `{\n admin off\n auto_https off\n}\n${servers.join("")}`);
  const home = { XDG_DATA_HOME: files.place("data"), XDG_CONFIG_HOME: files.place("config") };
  return new Peer(0, "caddy", ["run", "--adapter", "caddyfile", "--config", config], { ...process.env, ...home });
};

/** The arguments of an HTTP server with a listener of its own for each site. */
const own = (sites: readonly Site[]): string[] =>
  sites.flatMap(({ port, key, chain, clients = "-" }) => [String(port), chain, key, clients]);

/** Java's stateless tickets hold the chain: they are longer than a device keeps. These are names of sessions that the server remembers. */
const SHORT_TICKETS = "-Djdk.tls.server.enableSessionTicketExtension=false";

/** It asks for new keys after 64 KiB with ChaCha20-Poly1305, and says so. */
const LIMITS = "jdk.tls.keyLimits=ChaCha20-Poly1305 KeyUpdate 2^16\n";
const TELLS = "-Djavax.net.debug=ssl:handshake";

const java = (files: Files, sites: readonly Site[]): Peer =>
  new Peer(0, "java", [
    SHORT_TICKETS,
    TELLS,
    `-Djava.security.properties=${files.put("limits", LIMITS)}`,
    fileURLToPath(new URL("Echo.java", import.meta.url)),
    ...own(sites),
  ]);

const go = (files: Files, sites: readonly Site[]): Peer => {
  const program = files.place("echo");
  execFileSync("go", ["build", "-o", program, fileURLToPath(new URL("echo.go", import.meta.url))]);
  return new Peer(0, program, own(sites));
};

export const DAEMONS = {
  nginx: { program: "/usr/sbin/nginx", start: nginx },
  HAProxy: { program: "/usr/sbin/haproxy", start: haproxy },
  Caddy: { program: "caddy", start: caddy },
  Go: { program: "go", start: go },
  Java: { program: "java", start: java },
} as const satisfies Record<string, Daemon>;

/** Start a daemon with a listener for each credential; returns it with its ports, in their order. */
export async function startDaemon(
  daemon: Daemon,
  files: Files,
  credentials: readonly Credential[],
  backend: number,
): Promise<{ peer: Peer; ports: number[] }> {
  for (;;) {
    const sites: Site[] = [];
    for (const [at, { key, chain, clients }] of credentials.entries()) {
      const file = (kind: string, content: string): string =>
        files.put(`${path.basename(daemon.program)}-${at}.${kind}`, content);
      const both = file("both", `${chain}\n${key}`);
      const demanded = clients === undefined ? undefined : file("clients", clients);
      sites.push({
        port: await freePort(),
        key: file("key", key),
        chain: file("chain", chain),
        both,
        clients: demanded,
      });
    }
    const peer = daemon.start(files, sites, backend);
    const ports = sites.map(({ port }) => port);
    while (!peer.ended && !(await Promise.all(ports.map(answers))).every(Boolean)) await sleep(20);
    if (!peer.ended) return { peer, ports };
    // None of them takes the port 0, and another program may have taken one of these meanwhile.
    if (!/address already in use|cannot bind/i.test(peer.output)) throw new Error(peer.output);
  }
}

/** An HTTP server that answers with the body of the request. */
export async function startBackend(): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      response.setHeader("content-length", body.length);
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
