/** The databases there are. */
export type Flavour = "sqlite" | "postgres";

/** Times are milliseconds since 1970, ids and hashes 32 bytes, `seal` the MAC over the row (see `seal.ts`). */
export interface Tables {
  devices: DeviceRow;
  reports: ReportRow;
  used_nonces: { nonce: Uint8Array; expires_at: number };
  evidence: EvidenceRow;
  invitations: InvitationRow;
  claims: ClaimRow;
  tokens: TokenRow;
  token_uses: TokenUseRow;
  repeats: RepeatRow;
  downlinks: DownlinkRow;
  handovers: HandoverRow;
  bases: BaseRow;
  /** Handovers by keys that are not known: the database was restored from before they signed up. */
  orphans: HandoverRow;
  audit: AuditRow;
  profiles: ProfileRow;
  labels: LabelRow;
  replacements: ReplacementRow;
  rules: RuleRow;
  raised: RaisedRow;
  acknowledged: AcknowledgedRow;
  damage: DamageRow;
  deliveries: DeliveryRow;
  dead_letters: DeadLetterRow;
  leases: LeaseRow;
  audit_head: { id: number; seq: number; hash: Uint8Array; seal: Uint8Array };
  /** The tree over all reports and log entries (see `tree.ts`). */
  tree: { id: number; size: number; seal: Uint8Array };
  tiles: TileRow;
  leaves: { hash: Uint8Array; position: number };
  numbered: NumberedRow;
}

export const STATES = ["active", "suspended", "revoked", "replaced"] as const;
export type DeviceState = (typeof STATES)[number];

export interface DeviceRow {
  id: Uint8Array;
  key: Uint8Array;
  state: DeviceState;
  model: string;
  software: string;
  version: string;
  boot_count: number;
  /** The number of its session: it rises with each enrolment (see `session.ts`). */
  epoch: number;
  first_seen: number;
  last_seen: number;
  head_counter: number;
  head_hash: Uint8Array;
  report_count: number;
  /** Counters that were skipped on the way. */
  gap_count: number;
  /** Counter of the last downlink queued. */
  downlink_counter: number;
  /** Counter of the last downlink that the device obeyed: it named its hash. */
  acknowledged: number;
  /** The hash of the claim it came with. */
  claim: Uint8Array | null;
  /** The id of the key that took over from this one. */
  successor: Uint8Array | null;
  /** The session of the last `enrolled`; null if it has to enrol before it can report. */
  session: Uint8Array | null;
  /** The last session in which a report was stored, or by which two holders of the key were proved. */
  confirmed: Uint8Array | null;
  /** Doubts about sessions without a stored report (see `session.ts`). */
  doubt: string | null;
  /** Counter of the last downlink that the device is known to be past: it obeys none up to here any more. */
  passed: number;
  /** Orders to rotate up to this counter are void: a handover on one of them was refused for good. */
  void_order: number;
  seal: Uint8Array;
}

export interface ReportRow {
  device: Uint8Array;
  counter: number;
  hash: Uint8Array;
  /** The whole COSE_Sign1: report and signature are one value. */
  message: Uint8Array;
  epoch: number;
  received_at: number;
  seal: Uint8Array;
}

/** The report after which the stored chain of a device begins (see `base.ts`). */
export interface BaseRow {
  device: Uint8Array;
  counter: number;
  hash: Uint8Array;
  /** Reports of the chain up to this one. */
  count: number;
  /** When it moved. */
  at: number;
  seal: Uint8Array;
}

export interface EvidenceRow {
  /** The hash of the message. */
  id: Uint8Array;
  device: Uint8Array;
  /** See `chain.ts`. */
  kind: string;
  message: Uint8Array;
  /** The stored report it contradicts, where there is one. */
  rival: Uint8Array | null;
  received_at: number;
  seal: Uint8Array;
}

export interface InvitationRow {
  device: Uint8Array;
  note: string;
  created_at: number;
  seal: Uint8Array;
}

export interface ClaimRow {
  /** SHA-256 of the claim: the claim itself is in one device's factory page and nowhere else. */
  hash: Uint8Array;
  note: string;
  created_at: number;
  expires_at: number;
  used_by: Uint8Array | null;
  used_at: number | null;
  withdrawn_at: number | null;
  seal: Uint8Array;
}

export interface TokenRow {
  hash: Uint8Array;
  name: string;
  scope: string;
  created_at: number;
  revoked_at: number | null;
  /** Null for a token without an end. */
  expires_at: number | null;
  /** Null for a token of all devices. */
  label: string | null;
  seal: Uint8Array;
}

/** The last use of a token. */
export interface TokenUseRow {
  hash: Uint8Array;
  at: number;
  seal: Uint8Array;
}

/** A request that its client may repeat (see `repeats.ts`). */
export interface RepeatRow {
  id: Uint8Array;
  request: Uint8Array;
  result: string;
  at: number;
  seal: Uint8Array;
}

export interface DownlinkRow {
  device: Uint8Array;
  counter: number;
  message: Uint8Array;
  expires_at: number;
  created_at: number;
  withdrawn_at: number | null;
  seal: Uint8Array;
}

export interface HandoverRow {
  /** The id of the key that was given up. */
  device: Uint8Array;
  successor: Uint8Array;
  /** The handover, signed by the old key. */
  message: Uint8Array;
  received_at: number;
  seal: Uint8Array;
}

/** The name and the note that people gave to a device. */
export interface ProfileRow {
  device: Uint8Array;
  name: string;
  note: string;
  changed_at: number;
  seal: Uint8Array;
}

/** One label of a device. */
export interface LabelRow {
  device: Uint8Array;
  label: string;
  /** When the device got it. */
  since: number;
  seal: Uint8Array;
}

/** A board that took the place of a dead one. The dead one's key signed nothing about it. */
export interface ReplacementRow {
  /** The id of the dead one. */
  device: Uint8Array;
  successor: Uint8Array;
  at: number;
  seal: Uint8Array;
}

/** A rule that raises an alarm about each device that meets it. */
export interface RuleRow {
  name: string;
  /** See `rules.ts`. */
  kind: string;
  value: string;
  /** Only devices with this label; null for all. */
  label: string | null;
  created_at: number;
  seal: Uint8Array;
}

/** An alarm of a rule that its device still meets. */
export interface RaisedRow {
  rule: string;
  device: Uint8Array;
  /** The entry of the log. */
  seq: number;
  seal: Uint8Array;
}

/** An alarm of the log that an operator has seen. */
export interface AcknowledgedRow {
  seq: number;
  actor: string;
  note: string;
  at: number;
  seal: Uint8Array;
}

/** The damaged records of its flash that a device reported since the last acknowledgement. */
export interface DamageRow {
  device: Uint8Array;
  count: number;
  at: number;
  seal: Uint8Array;
}

/** Position of the webhook in a stream. */
export interface DeliveryRow {
  /** A device's id, whose position is a counter; or nothing, for the audit log, whose position is a seq. */
  stream: Uint8Array;
  position: number;
  seal: Uint8Array;
}

/** An item that the receiver of the webhook refused while it accepted others (see `dead_letters.ts`). */
export interface DeadLetterRow {
  /** Its stream and its position there, as in `deliveries`. */
  stream: Uint8Array;
  position: number;
  /** When it was refused last. */
  at: number;
  /** The last answer of the receiver. */
  refused: string;
  /** When an operator asked to send it again; null while nothing waits. */
  wanted_at: number | null;
  seal: Uint8Array;
}

/** 256 hashes of one level of the tree at most, one after the other. */
export interface TileRow {
  level: number;
  number: number;
  hashes: Uint8Array;
  seal: Uint8Array;
}

/** The position of the last leaf of a chain, whose position is a counter, or of the log, whose position is a seq. */
export interface NumberedRow {
  stream: Uint8Array;
  position: number;
  seal: Uint8Array;
}

/** The holder of each exclusive job. */
export interface LeaseRow {
  name: string;
  holder: string;
  until: number;
  seal: Uint8Array;
}

export interface AuditRow {
  seq: number;
  at: number;
  action: string;
  actor: string;
  device: Uint8Array | null;
  detail: string;
  prev: Uint8Array;
  hash: Uint8Array;
  signature: Uint8Array;
}

/** The columns of a device that a report changes, with their PostgreSQL types. This is the only list of them. */
export const MOVED = {
  head_counter: "bigint",
  head_hash: "bytea",
  report_count: "bigint",
  gap_count: "bigint",
  last_seen: "bigint",
  seal: "bytea",
} as const satisfies Partial<Record<keyof DeviceRow, string>>;

/** The columns of a report, in the same way. */
export const STORED = {
  device: "bytea",
  counter: "bigint",
  hash: "bytea",
  message: "bytea",
  epoch: "bigint",
  received_at: "bigint",
  seal: "bytea",
} as const satisfies Record<keyof ReportRow, string>;

export interface Move {
  /** The row that was decided on. Its seal names its every column: if the stored one is another, the move is void. */
  readonly before: DeviceRow;
  readonly after: DeviceRow;
  readonly reports: readonly ReportRow[];
}
