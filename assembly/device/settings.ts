/**
 * The factory page: the settings that a device has before its first start (flash page 0). `SGNT`, the length of a map, the map
 * in deterministic CBOR, its CRC-32C; both numbers little-endian. Strings stay where they are read; a length of 0 is absence.
 */
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import * as crc32c from "../lib/crc32c";
import * as cbor from "../cose/cbor";
import { Major, Slice } from "../cose/cbor";
import { MQTT } from "../exchange/exchange";
import { AUDIENCE_MOST, ONE_TIME_LEAST, ONE_TIME_MOST } from "../identity/facts";
import * as server from "../identity/server";
import * as link from "../link/link";
import * as flash from "../port/flash";
import { CHAINS } from "../tls/options";
import { CHAIN_MOST, Factory } from "./facts";
import * as features from "./features";

/** Bytes of a seed: 32 of entropy and a nonce of 16. */
export const SEED_BYTES: u32 = 48;
const SERVER_KEY_BYTES: u32 = 32;
const MAGIC: u32 = 0x544e4753;
const HEAD_BYTES: u32 = 8;
const CHECKSUM_BYTES: u32 = 4;
const HOST_MOST: u32 = 64;
const SSID_MOST: u32 = 32;
const SECRET_MOST: u32 = 64;
const APN_MOST: u32 = 63;
const APN_TEXT_MOST: u32 = 64;
const PIN_LEAST: u32 = 4;
const PIN_MOST: u32 = 8;
const COMMANDS_MOST: u32 = 128;
const BROKER_MOST: u32 = 64;
const BAUD_LEAST: u32 = 300;
const BAUD_MOST: u32 = 5_000_000;
const FLOW_MOST: u32 = 3;


@unmanaged
export class Settings {
  family: u32;
  host: usize;
  hostLen: u32;
  port: u32;
  audience: usize;
  audienceLen: u32;
  keyCount: u32;
  ssid: usize;
  ssidLen: u32;
  secret: usize;
  secretLen: u32;
  claim: usize;
  claimLen: u32;
  seed: usize;
  seedLen: u32;
  reportIntervalMs: u32;
  /** Baud rate of the module's UART, 0: the board's own; and the module's lines for flow control. */
  baud: u32;
  flow: u32;
  /**
   * Maximum number of keys of the TLS server, and of roots of its chain of certificates; without either there is no TLS.
   */
  tlsKeyCount: u32;
  tlsRootCount: u32;
}

/** Settings of a broker. */
@unmanaged
export class Broker {
  prefix: usize;
  prefixLen: u32;
  user: usize;
  userLen: u32;
  password: usize;
  passwordLen: u32;
}


@lazy
export const broker = changetype<Broker>(memory.data(offsetof<Broker>(), 4));
/** The certificate_list for the key on P-256 (RFC 8446 §4.4.2); empty: none. */
@lazy
export const certificate = changetype<Slice>(memory.data(offsetof<Slice>(), 4));
export const settings = changetype<Settings>(memory.data(offsetof<Settings>(), 4));
/** The server's keys, one after the other. */
export const serverKeys: usize = memory.data(server.KEYS_MOST * SERVER_KEY_BYTES, 4);
/** The TLS server's keys, one after the other. */
export const tlsKeys: usize = memory.data(server.KEYS_MOST * SERVER_KEY_BYTES, 4);
/** The keys that may end its chain of certificates, one after the other. */
export const tlsRoots: usize = memory.data(server.KEYS_MOST * SERVER_KEY_BYTES, 4);

/** The factory page's map with every field at its longest, those of a mobile network, of MQTT, of a key on P-256 and of the baud rate only where the image has them. */
const MAP_BYTES: u32 =
  561 + (link.MOBILE ? 341 : 0) + (MQTT ? 201 : 0) + (features.OWN256 ? CHAIN_MOST + 4 : 0) + (link.BAUD ? 8 : 0);
/** The same with its checksum, in whole words. */
const SETTINGS_BYTES: u32 = (MAP_BYTES + CHECKSUM_BYTES + 3) & ~3;

const page: usize = memory.data(SETTINGS_BYTES, 4);
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const slice = changetype<Slice>(memory.data(offsetof<Slice>(), 4));

/** Read the factory page. Absent: there is none; Malformed: it is damaged or out of form. */
export function open(): Status {
  flash.read(page, 0, HEAD_BYTES);
  if (load<u32>(page) != MAGIC) return Status.Absent;
  const len = load<u32>(page, 4);
  if (len > min(SETTINGS_BYTES, flash.pageBytes() - HEAD_BYTES) - CHECKSUM_BYTES) return Status.Malformed;
  flash.read(page, HEAD_BYTES, len + CHECKSUM_BYTES);
  let checksum: u32 = 0;
  for (let i: u32 = 0; i < CHECKSUM_BYTES; i++) checksum |= (<u32>load<u8>(page + len + i)) << (8 * i);
  if (checksum != crc32c.sum(page, len)) return Status.Malformed;
  reader.begin(page, len);
  return read() ? Status.Ok : Status.Malformed;
}

/** Forget the seed: it has done its work. */
export function wipeSeed(): void {
  bytes.wipe(settings.seed, settings.seedLen);
  settings.seedLen = 0;
}

/** Read the map: each key in its order, the optional ones if they are there. */
function read(): boolean {
  const count = cbor.argument(reader, Major.Map);
  let found: u32 = 6;
  cbor.readKey(reader, Factory.Link);
  settings.family = cbor.readUint(reader);
  cbor.readKey(reader, Factory.Host);
  cbor.readString(slice, reader, Major.Text, 1, HOST_MOST);
  settings.host = slice.at;
  settings.hostLen = slice.len;
  cbor.readKey(reader, Factory.Port);
  settings.port = cbor.readUint(reader);
  cbor.readKey(reader, Factory.Audience);
  cbor.readString(slice, reader, Major.Text, 1, AUDIENCE_MOST);
  settings.audience = slice.at;
  settings.audienceLen = slice.len;
  cbor.readKey(reader, Factory.ServerKeys);
  settings.keyCount = readKeys(serverKeys);
  found += readOptional(Factory.Ssid, Major.Text, 1, SSID_MOST);
  settings.ssid = slice.at;
  settings.ssidLen = slice.len;
  found += readOptional(Factory.NetworkSecret, Major.Text, 0, SECRET_MOST);
  settings.secret = slice.at;
  settings.secretLen = slice.len;
  found += readOptional(Factory.Claim, Major.Bytes, ONE_TIME_LEAST, ONE_TIME_MOST);
  settings.claim = slice.at;
  settings.claimLen = slice.len;
  found += readOptional(Factory.Seed, Major.Bytes, SEED_BYTES, SEED_BYTES);
  settings.seed = slice.at;
  settings.seedLen = slice.len;
  cbor.readKey(reader, Factory.ReportIntervalMs);
  settings.reportIntervalMs = cbor.readUint(reader);
  settings.tlsKeyCount = readOptionalKeys(Factory.TlsKeys, tlsKeys);
  settings.tlsRootCount = readOptionalKeys(Factory.TlsRoots, tlsRoots);
  found += u32(settings.tlsKeyCount != 0) + u32(settings.tlsRootCount != 0);
  if (link.MOBILE) found += readMobile();
  if (MQTT) found += readBroker();
  if (link.MOBILE) found += readCommands();
  if (features.OWN256) found += readCertificate();
  if (link.BAUD) found += readBaud();
  if (!reader.done() || found != count) return false;
  // A page that asks for TLS, or for roots, which this build leaves out, leaves the device unconfigured rather than in the clear.
  if (settings.tlsRootCount != 0 && !CHAINS) return false;
  if (settings.tlsKeyCount + settings.tlsRootCount != 0 && !features.TLS) return false;
  // A tunnel carries nothing but TLS, and a password for a broker is secret.
  if ((link.TUNNEL || MQTT) && settings.tlsKeyCount + settings.tlsRootCount == 0) return false;
  if (settings.port == 0 || settings.port > 65535 || !link.known(settings.family)) return false;
  return settings.reportIntervalMs != 0 && <i32>settings.reportIntervalMs > 0;
}

/** Read the settings of a mobile network; returns how many pairs they were. */
function readMobile(): u32 {
  let found = readOptional(Factory.Apn, Major.Text, 1, APN_MOST);
  link.access.apn = slice.at;
  link.access.apnLen = slice.len;
  found += readOptional(Factory.ApnUser, Major.Text, 1, APN_TEXT_MOST);
  link.access.user = slice.at;
  link.access.userLen = slice.len;
  found += readOptional(Factory.ApnPassword, Major.Text, 1, APN_TEXT_MOST);
  link.access.password = slice.at;
  link.access.passwordLen = slice.len;
  found += readOptional(Factory.Pin, Major.Text, PIN_LEAST, PIN_MOST);
  link.access.pin = slice.at;
  link.access.pinLen = slice.len;
  return found;
}

/** Read the further commands for the module; returns how many pairs they were. */
function readCommands(): u32 {
  const found = readOptional(Factory.ModuleCommands, Major.Text, 1, COMMANDS_MOST);
  link.access.extra = slice.at;
  link.access.extraLen = slice.len;
  return found;
}

/** Read the baud rate of the module's UART; returns how many pairs that were. */
function readBaud(): u32 {
  settings.baud = 0;
  settings.flow = 0;
  if (!cbor.readOptionalKey(reader, Factory.ModuleBaud)) return 0;
  settings.baud = cbor.readUint(reader);
  if (settings.baud < BAUD_LEAST || settings.baud > BAUD_MOST) reader.fail();
  if (!cbor.readOptionalKey(reader, Factory.ModuleFlow)) return 1;
  settings.flow = cbor.readUint(reader);
  if (settings.flow > FLOW_MOST) reader.fail();
  return 2;
}

/** Read the settings of a broker; returns how many pairs they were. */
function readBroker(): u32 {
  let found = readOptional(Factory.MqttPrefix, Major.Text, 1, BROKER_MOST);
  broker.prefix = slice.at;
  broker.prefixLen = slice.len;
  found += readOptional(Factory.MqttUser, Major.Text, 1, BROKER_MOST);
  broker.user = slice.at;
  broker.userLen = slice.len;
  found += readOptional(Factory.MqttPassword, Major.Text, 1, BROKER_MOST);
  broker.password = slice.at;
  broker.passwordLen = slice.len;
  return found;
}

/** Read the certificate for the key on P-256; returns how many pairs that were. */
function readCertificate(): u32 {
  const found = readOptional(Factory.Certificate, Major.Bytes, 1, CHAIN_MOST);
  certificate.at = slice.at;
  certificate.len = slice.len;
  return found;
}

/** Read one or two keys to `out`; returns how many. */
function readKeys(out: usize): u32 {
  const count = cbor.argument(reader, Major.Array);
  if (count == 0 || count > server.KEYS_MOST) reader.fail();
  for (let i: u32 = 0; i < count && reader.ok(); i++) {
    const key = cbor.readFixed(reader, SERVER_KEY_BYTES);
    if (reader.ok()) bytes.copy(out + i * SERVER_KEY_BYTES, key, SERVER_KEY_BYTES);
  }
  return count;
}

/** Read one or two keys to `out` if their key is next; returns how many. */
function readOptionalKeys(key: i32, out: usize): u32 {
  return cbor.readOptionalKey(reader, key) ? readKeys(out) : 0;
}

/** Read a string if its key is next; returns how many pairs that were, and leaves `slice` empty if none. */
function readOptional(key: i32, major: u32, least: u32, most: u32): u32 {
  slice.at = page;
  slice.len = 0;
  if (!cbor.readOptionalKey(reader, key)) return 0;
  cbor.readString(slice, reader, major, least, most);
  return 1;
}
