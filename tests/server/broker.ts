/** A mosquitto of a test's own, which ends with it. */
import type { TestContext } from "node:test";
import { startBroker, type Broker } from "../../tools/demo/broker.ts";
import { folder } from "./harness.ts";

/** Start a broker, with more lines of configuration where a test wants them. */
export async function broker(t: TestContext, more?: string): Promise<Broker> {
  const started = await startBroker(folder(t), more === undefined ? {} : { more });
  t.after(() => started.stop());
  return started;
}
