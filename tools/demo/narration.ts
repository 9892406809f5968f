/** Events of server and device as lines of a story. */
import type { DeviceEvent } from "../emulator/qemu.ts";
import { type EventName, inWords } from "../flash/events.ts";
import type { Happening } from "../server/gate.ts";
import { short, type Story } from "./story.ts";

/** Print the server's decisions, except on the attacker's own enrolment; true if it stored a new report. */
export function decision(story: Story, happening: Happening): boolean {
  if (happening.kind === "alarm") story.say("server", `alarm: ${happening.what}`);
  if (happening.kind !== "report") return false;
  const { verdict, counter, data } = happening;
  if (verdict !== "accepted" || !data) return false;
  story.say("server", `report ${counter} verified and stored: ${story.reading(data)}`);
  return true;
}

/** Events of every report: the server's line has the same content. */
const OF_EACH_REPORT: readonly EventName[] = ["sent", "accepted"];

/** Print an event of the device, with ids shortened. */
export function event(story: Story, event: DeviceEvent): void {
  const words = OF_EACH_REPORT.some((name) => name === event.name) ? undefined : inWords(event);
  if (words !== undefined) story.say("device", words.replace(/[0-9a-f]{64}/g, short));
}
