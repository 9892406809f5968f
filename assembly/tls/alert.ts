/** The alerts of RFC 8446 §6. A handler of a peer's bytes returns the alert for the peer's fault, or `None`. */
export const enum Alert {
  CloseNotify = 0,
  UnexpectedMessage = 10,
  BadRecordMac = 20,
  RecordOverflow = 22,
  HandshakeFailure = 40,
  BadCertificate = 42,
  UnsupportedCertificate = 43,
  CertificateExpired = 45,
  CertificateUnknown = 46,
  IllegalParameter = 47,
  UnknownCa = 48,
  DecodeError = 50,
  DecryptError = 51,
  ProtocolVersion = 70,
  InternalError = 80,
  UserCanceled = 90,
  MissingExtension = 109,
  UnsupportedExtension = 110,
  /** Not on the wire: no fault. */
  None = 256,
}
