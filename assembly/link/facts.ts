// node --import tsx tools/facts/generate.ts
/** Steps in which the link can fail. */
export const enum FaultStep {
  /** There is no fault. */
  None = 0,
  /** The module is looked for: power, wiring, baud rate. */
  Module = 1,
  /** The module is set up. */
  SetUp = 2,
  /** The SIM is unlocked. */
  Sim = 3,
  /** The module registers with the mobile network. */
  Attach = 4,
  /** The module joins the wireless network. */
  Join = 5,
  /** The module gets an address. */
  Context = 6,
  /** The server's name is resolved. */
  Resolve = 7,
  /** The connection to the server is opened. */
  Connect = 8,
  /** Data is sent. */
  Send = 9,
  /** Data is received. */
  Receive = 10,
}

/** Causes of a fault of the link. */
export const enum FaultCause {
  /** There is no fault. */
  None = 0,
  /** Nothing came. */
  Silence = 1,
  /** An error, with its number if there was one. */
  Error = 2,
  /** Bytes came, but no answer. */
  Garbage = 3,
  /** The module stayed busy. */
  Busy = 4,
  /** The module restarted. */
  Restart = 5,
}

/** Flags of a segment of a tunnel. */
export const enum TunnelFlag {
  /** Request: the connection may be made if the server does not know it. */
  Open = 1,
  /** Answer: no bytes follow the data. */
  End = 2,
  /** Answer: the server does not know the connection. There is no data. */
  Unknown = 4,
  /** Request: more bytes of the device follow at once, so the server does not wait with its answer. */
  More = 8,
}
