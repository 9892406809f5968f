/** The topics of the protocol over MQTT: what a device asks on one, it is answered on the other. */
import { PATHS } from "./exchange.ts";

export type Asked = keyof typeof PATHS;

export const PREFIX = "signet";

/** A channel is the broker's name of a device, or its id: the address of answers. */
const CHANNEL = /^[A-Za-z0-9_.-]{1,64}$/;

/** Tell whether a text can be a channel. */
export function isChannel(text: string): boolean {
  return CHANNEL.test(text);
}

/** Tell whether topics can begin with a text: no wildcard, and not the broker's own. */
export function isPrefix(text: string): boolean {
  return /^[^$+#\0][^+#\0]*$/.test(text);
}

/** Topic of a device's requests. */
export function asking(prefix: string, channel: string, asked: Asked): string {
  return `${prefix}/ask/${channel}/${asked}`;
}

/** Topic of its answers. */
export function answering(prefix: string, channel: string, asked: Asked): string {
  return `${prefix}/answer/${channel}/${asked}`;
}

/** Read the topic of something asked; undefined if it is none of the protocol's. */
export function readAsking(prefix: string, topic: string): { channel: string; asked: Asked } | undefined {
  const head = `${prefix}/ask/`;
  if (!topic.startsWith(head)) return undefined;
  const [channel = "", asked = "", ...more] = topic.slice(head.length).split("/");
  if (more.length > 0 || !isChannel(channel) || !Object.hasOwn(PATHS, asked)) return undefined;
  return { channel, asked: asked as Asked };
}

/** Topic on which the broker says that the connection of a device is lost. */
export function losing(prefix: string, channel: string): string {
  return `${prefix}/lost/${channel}`;
}
