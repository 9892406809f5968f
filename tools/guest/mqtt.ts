/** The application's client of MQTT in a guest, as a C program has it: `boards/common/signet.h`. */
import { MQTT_STATES, STATUSES } from "../facts/device.ts";
import { names } from "../facts/table.ts";

/** The exports of a firmware with a client. */
export interface MqttExports {
  readonly memory: WebAssembly.Memory;
  streamName(): number;
  mqttBegin(): number;
  mqttText(): number;
  mqttPut(flags: number, length: number): number;
  mqttOpen(length: number, port: number, keepAliveS: number, proves: number): number;
  mqttState(): number;
  mqttOutbox(): number;
  mqttPublish(topicLength: number, length: number, qos: number): number;
  mqttFilter(): number;
  mqttSubscribe(length: number, qos: number): number;
  mqttUnsubscribe(length: number): number;
  mqttInbox(): number;
  mqttTopicBytes(): number;
  mqttMessage(): number;
  mqttMessageBytes(): number;
  mqttTake(): void;
  mqttClose(): void;
}

export interface MqttAccount {
  readonly host?: string;
  readonly port?: number;
  readonly keepAliveS?: number;
  readonly client?: string;
  readonly user?: string;
  readonly password?: string;
  /** True: client and user are the device's id, the password an `access`. */
  readonly access?: boolean;
  readonly will?: { readonly topic: string; readonly message: string; readonly qos: 0 | 1 };
}

const [OK] = STATUSES.ok;
const [AGAIN] = STATUSES.again;
const STATE_NAMES = names(MQTT_STATES);

/** Flags of CONNECT that each text sets. */
const CLIENT = 0;
const WILL_TOPIC = 0x04;
const WILL = 0x100;
const USER = 0x80;
const PASSWORD = 0x40;

export class GuestMqtt {
  readonly #guest: MqttExports;
  readonly #wake: () => void;

  constructor(guest: MqttExports, wake: () => void) {
    this.#guest = guest;
    this.#wake = wake;
  }

  /** Connect, now and again until `close`; returns the status. */
  open({ host = "", port = 0, keepAliveS = 300, client, user, password, access, will }: MqttAccount = {}): number {
    const { mqttBegin, mqttPut, mqttText, mqttOpen, streamName } = this.#guest;
    let status = mqttBegin();
    const put = (flags: number, text: string | undefined): void => {
      if (text === undefined || status !== OK) return;
      this.#write(mqttText(), text);
      status = mqttPut(flags, text.length);
    };
    put(CLIENT, client);
    put(WILL_TOPIC | ((will?.qos ?? 0) << 3), will?.topic);
    put(WILL, will?.message);
    put(USER, user);
    put(PASSWORD, password);
    if (status !== OK) return status;
    this.#write(streamName(), host);
    return mqttOpen(host.length, port, keepAliveS, access === true ? 1 : 0);
  }

  get state(): string {
    return STATE_NAMES.get(this.#guest.mqttState())!;
  }

  publish(topic: string, message: string, qos = 1): number {
    const { mqttOutbox, mqttPublish } = this.#guest;
    const at = mqttOutbox();
    if (at === 0) return AGAIN;
    this.#write(at, topic + message);
    const status = mqttPublish(topic.length, message.length, qos);
    this.#wake();
    return status;
  }

  subscribe(filter: string, qos = 1): number {
    this.#write(this.#guest.mqttFilter(), filter);
    return this.#guest.mqttSubscribe(filter.length, qos);
  }

  unsubscribe(filter: string): number {
    this.#write(this.#guest.mqttFilter(), filter);
    return this.#guest.mqttUnsubscribe(filter.length);
  }

  /** Take the next message; undefined if there is none. */
  receive(): { topic: string; message: string } | undefined {
    const { mqttInbox, mqttTopicBytes, mqttMessage, mqttMessageBytes, mqttTake } = this.#guest;
    const at = mqttInbox();
    if (at === 0) return undefined;
    const got = { topic: this.#read(at, mqttTopicBytes()), message: this.#read(mqttMessage(), mqttMessageBytes()) };
    mqttTake();
    this.#wake();
    return got;
  }

  close(): void {
    this.#guest.mqttClose();
    this.#wake();
  }

  #write(at: number, text: string): void {
    new Uint8Array(this.#guest.memory.buffer).set(Buffer.from(text), at);
  }

  #read(at: number, length: number): string {
    return Buffer.from(new Uint8Array(this.#guest.memory.buffer, at, length)).toString();
  }
}
