/**
 * What has been proven about the server on this connection. The schedule hands out application keys only when the
 * evidence is complete, and the only lines that add to it are those that checked: a handler that is skipped, reordered or
 * leaves early can not end in keys.
 */
export const enum Proof {
  /** The server's key is a pinned one, or a chain of signatures leads from it to a pinned root. */
  Anchor = 1,
  /** That key signed this handshake's transcript. */
  Signature = 2,
  /** The server chose the pre-shared key that only it and this device know. */
  PreShared = 4,
  /** The server's Finished matches. */
  Finished = 8,
}

let proofs: u32 = 0;

/** Forget everything: a connection begins or ends. */
export function reset(): void {
  proofs = 0;
}

/** Add what was just checked. */
export function add(proof: Proof): void {
  proofs |= proof;
}

/** Whether `proof` was given. */
export function has(proof: Proof): bool {
  return (proofs & proof) != 0;
}

/** Whether the server is proven: Finished, under either a pre-shared key or an anchored key's signature. */
export function complete(): bool {
  const signed: u32 = Proof.Anchor | Proof.Signature;
  return has(Proof.Finished) && (has(Proof.PreShared) || (proofs & signed) == signed);
}
