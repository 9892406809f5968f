/** Host names: what may be sent as SNI, and what of a certificate matches (RFC 6066 §3, RFC 9525 §6). */

/** Read a dotted IPv4 address into a big-endian word's value; -1 if it is none. */
export function ipv4(host: usize, len: u32): i64 {
  let value: i64 = 0;
  let part: u32 = 0;
  let digits: u32 = 0;
  let parts: u32 = 1;
  for (let i: u32 = 0; i < len; i++) {
    const c: u32 = load<u8>(host + i);
    if (c == 0x2e) {
      if (digits == 0 || parts == 4) return -1;
      value = (value << 8) | part;
      part = 0;
      digits = 0;
      parts++;
    } else {
      if (c - 0x30 > 9) return -1;
      part = part * 10 + (c - 0x30);
      if (++digits > 3 || part > 255) return -1;
    }
  }
  return digits && parts == 4 ? (value << 8) | part : -1;
}

/** True if `host` is a DNS name, not an address: only those are sent as SNI. */
export function isDns(host: usize, len: u32): bool {
  if (len == 0 || len > 253 || ipv4(host, len) >= 0) return false;
  for (let i: u32 = 0; i < len; i++) if (load<u8>(host + i) == 0x3a) return false;
  return true;
}

/** An ASCII letter in lower case. */
function lower(c: u32): u32 {
  return c - 0x41 <= 25 ? c | 0x20 : c;
}

/** True if two names of `len` bytes are the same but for case. */
function sameName(a: usize, b: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  return true;
}

/** True if a name is `base` or below it (RFC 5280 §4.2.1.10). A base that begins with a dot has only names below it. */
export function isWithin(dns: usize, dnsLen: u32, base: usize, baseLen: u32): bool {
  if (dnsLen < baseLen) return false;
  const at = dns + dnsLen - baseLen;
  if (!sameName(at, base, baseLen)) return false;
  return dnsLen == baseLen || baseLen == 0 || load<u8>(base) == 0x2e || load<u8>(at - 1) == 0x2e;
}

/** True if a wildcard may stand for a name below `base`: whether `base` is below the rest of it. */
export function mayReach(dns: usize, dnsLen: u32, base: usize, baseLen: u32): bool {
  return dnsLen > 2 && load<u16>(dns) == 0x2e2a && isWithin(base, baseLen, dns + 2, dnsLen - 2);
}

/** True if a certificate's dNSName is `host`: the same, or `*.` and the same but for the first label. */
export function matches(dns: usize, dnsLen: u32, host: usize, hostLen: u32): bool {
  if (hostLen == 0) return false;
  if (dnsLen == hostLen && sameName(dns, host, hostLen)) return true;
  if (dnsLen < 3 || load<u16>(dns) != 0x2e2a) return false;
  let first: u32 = 0;
  while (first < hostLen && load<u8>(host + first) != 0x2e) first++;
  return first > 0 && hostLen - first == dnsLen - 1 && sameName(dns + 1, host + first, dnsLen - 1);
}
