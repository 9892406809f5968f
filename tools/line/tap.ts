/** One TCP connection that a module carries, as an attacker in the module sees it. */
export interface Connection {
  toServer(bytes: Uint8Array): void;
  toDevice(bytes: Uint8Array): void;
  /** Cut it, towards both. */
  close(): void;
}

/** An attacker in a module. Bytes pass only if it forwards them. */
export interface Tap {
  /** The real target of the module. */
  target?(asked: Target): Target;
  /** Bytes came from the device. */
  up(connection: Connection, bytes: Uint8Array): void;
  /** Bytes came from the server. */
  down(connection: Connection, bytes: Uint8Array): void;
  /** The connection is gone. */
  closed?(connection: Connection): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}
