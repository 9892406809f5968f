/** The steps that all drivers have, what happens in one, and how the table of a driver describes it. */

/** The steps of every driver; its own begin at SetUp. Those from Sync on are commands, and rows of its table. */
export const enum Phase {
  /** Nothing to wait for. */
  Idle,
  /** The pause after a trouble. */
  Rest,
  /** `+++` is on its way, or the silence after it. */
  Escape,
  /** Waiting until no late answer comes any more. */
  Settle,
  /** A line of the module holds it in reset, or its power is off: see `engine.lines`. */
  Pulse,
  /** The pause between the prompt and the data. */
  Gap,
  /** Data is handed over. */
  Data,
  /** Waiting for the module to say what became of it. */
  Confirm,
  /** The module had no room for data: a pause before they are sent again. */
  Full,
  /** The module is asked for another baud rate. */
  Rate,
  /** The module is not on the network yet: a pause before it is asked again. */
  Search,
  /** `AT`, until the module answers OK. */
  Sync,
  /** The driver's reset, until the module is ready. */
  Reset,
  /** Close the connection. */
  HangUp,
  /** Open it. */
  Connect,
  /** Announce data. */
  Send,
  /** Ask for data. */
  Read,
  /** The first of the driver's set-up. */
  SetUp,
}

/** Events that a driver must act on. */
export const enum Event {
  None,
  /** A byte of a line came: where `at.notice` is a word that a number follows, set `at.within`. */
  Byte,
  /** A line ended: its hash is `at.said`. */
  Line,
  /** The module wants the data that the step has announced. */
  Prompt,
  /** The step has taken too long. */
  Late,
  /** The state of the module is unknown: give up the work in progress. */
  Trouble,
  /** A datagram came, in an image whose tunnel has them. */
  Datagram,
}

/** Parts of the input that the parser can be inside of. */
export const enum Within {
  Line,
  /** The number of bytes of the stream, which follow the end of this line. */
  Head,
  /** The rest of that line. */
  Tail,
  /** The number of bytes of the stream, which follow a quotation mark. */
  Quoted,
  /** The bytes up to it. */
  Quote,
  /** The number of an error, for `at.hint`. */
  Number,
  /** The number of a notice; with a colon behind it, bytes of the stream follow. */
  Notice,
  /** The number of bytes of the stream, which follow a colon or a comma. */
  Block,
  /** Bytes of the stream. */
  Raw,
}

/** The flags of a step: the word that ends it, and its treatment. */
export const enum Flag {
  /** The driver's prefix stands before the command. */
  Prefix = 1,
  /** OK ends it. */
  Ok = 2,
  /** OK ends it once `at.seen`. */
  Seen = 4,
  /** Bytes of the stream set `at.seen`. */
  Block = 8,
  /** A prompt ends it. */
  Prompt = 16,
  /** A busy module is left alone for AT_SEND_MS: a late prompt would make it take a repetition for data. */
  Patient = 32,
  /** No answer ends it, but its limit or `sync`. */
  Silent = 64,
  /** A prompt ends it that is `@`. */
  At = 128,
}

/** The unit of a step's limit. */
export const UNIT_MS: u32 = 500;
