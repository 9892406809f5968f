/** The numbers that IANA and RFC 8446 give to what is spoken here. */

/** TLS 1.2 on the wire: what `legacy_version` always says. */
export const LEGACY_VERSION: u32 = 0x0303;
/** TLS 1.3. */
export const VERSION: u32 = 0x0304;

/** Record types (RFC 8446 §5.1). */
export const enum Content {
  ChangeCipherSpec = 20,
  Alert = 21,
  Handshake = 22,
  ApplicationData = 23,
}

/** Handshake messages (RFC 8446 §4). */
export const enum Kind {
  ClientHello = 1,
  ServerHello = 2,
  NewSessionTicket = 4,
  EncryptedExtensions = 8,
  Certificate = 11,
  CertificateRequest = 13,
  CertificateVerify = 15,
  Finished = 20,
  KeyUpdate = 24,
  MessageHash = 254,
}

/** Extensions (RFC 8446 §4.2, RFC 6066, RFC 7250, RFC 7301, RFC 8449). */
export const enum Extension {
  ServerName = 0,
  MaxFragmentLength = 1,
  SupportedGroups = 10,
  SignatureAlgorithms = 13,
  Alpn = 16,
  ClientCertificateType = 19,
  ServerCertificateType = 20,
  RecordSizeLimit = 28,
  PreSharedKey = 41,
  SupportedVersions = 43,
  Cookie = 44,
  PskKeyExchangeModes = 45,
  SignatureAlgorithmsCert = 50,
  KeyShare = 51,
}

/** Certificate types (RFC 7250 §3). */
export const enum CertificateType {
  X509 = 0,
  RawPublicKey = 2,
}
