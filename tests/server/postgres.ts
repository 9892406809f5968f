/** The PostgreSQL of a suite: started on demand, a fresh database for each test. */
import { after } from "node:test";
import { create, end, start, type Cluster } from "./cluster.ts";

let cluster: Promise<Cluster> | undefined;

/** The cluster of this process. It ends with the tests. */
function shared(): Promise<Cluster> {
  cluster ??= start();
  return cluster;
}

after(async () => {
  if (cluster !== undefined) await end(await cluster);
});

/** Make an empty database, in the cluster of this process if no other is given, and return its URL. */
export async function database(where = shared()): Promise<string> {
  return create((await where).socket);
}

/** Copy a database of the shared cluster that has no connections, and return the copy's URL. */
export async function copy(url: string): Promise<string> {
  const [, name] = /\/(\w+)\?/.exec(url)!;
  return create((await shared()).socket, name!);
}
