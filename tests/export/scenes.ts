/** Scenes of a program with an export beside its server: its proof for another service, and boards that take its place. */
import assert from "node:assert/strict";
import type { Play } from "./play.ts";

/** An `access` in base64url begins with its tag and its header. */
const ACCESS = /^0oRY[\w-]{300,}$/;

/** Wait until the program prints an `access`: the server must allow it for the device's id, and for no other. */
export async function proveAccess({ device, post, until }: Play, id: string): Promise<void> {
  await until(() => device.lines.some((line) => ACCESS.test(line)), "the access");
  const password = device.lines.find((line) => ACCESS.test(line))!;
  const ask = (clientid: string): Promise<unknown> => post("/v1/authorize?denied=200", { clientid, password });
  const allowed = (await ask(id)) as { result: string; device: string };
  assert.deepEqual([allowed.result, allowed.device], ["allow", id]);
  assert.deepEqual(await ask("0".repeat(64)), { result: "deny", reason: "wrong-client" });
}

/**
 * Let the board that was reset enrol anew, under a label; let a new board take its place, as if it were broken; then start one with a copy of
 * the flash of before the reset. Each key has its own state and chain at the server; name, label and history are the new board's.
 */
export async function replaceBoards({ server, post, replace, count, until }: Play, copied: Uint8Array): Promise<void> {
  const [first] = await server.devices();
  const kept = (await server.reports(first!.id)).length;
  await replace();
  await until(() => count("accepted") >= 1, "a receipt after the reset");
  const second = (await server.devices()).find(({ state }) => state === "active");
  const profile = { name: "pump 3", labels: ["hall-2"] };
  await post(`/v1/devices/${second!.id}`, profile, "PATCH");
  await replace();
  await until(() => count("accepted") >= 1, "a receipt on the new board");
  const third = (await server.devices()).find(({ state, id }) => state === "active" && id !== second!.id);
  await post(`/v1/devices/${second!.id}/replace`, { by: third!.id, reason: "broken" });
  await replace(copied);
  await until(() => count("silenced") === 1, "the refusal of the copy");
  assert.equal(count("enrolled") + count("accepted"), 0);

  const devices = await server.devices();
  const states = [first!, second!, third!].map(({ id }) => devices.find((device) => device.id === id)!.state);
  assert.deepEqual(states, ["revoked", "revoked", "active"]);
  assert.deepEqual(
    new Set(devices.map(({ software, model }) => `${software} ${model}`)),
    new Set(["own-main example"]),
  );
  assert.equal(devices.length, 3);
  const label = ({ id }: { id: string }): object => {
    const { name, labels } = devices.find((device) => device.id === id)!;
    return { name, labels };
  };
  assert.deepEqual([label(second!), label(third!)], [{ name: "", labels: [] }, profile]);
  assert.equal((await server.reports(third!.id))[0]!.counter, 1);
  assert.equal((await server.reports(first!.id)).length, kept, "the copy added to the chain");
}
