// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 986,
    "ecdsa256.verify.lean": 1025,
    "ed25519.sign": 202,
    "ed25519.verify": 555,
    "ecdsa256.verify": 664,
    "p256.keygen": 155,
    "ecdh256": 622,
    "ecdsa384.verify": 15882,
    "rsa2048.verify": 449,
    "rsa3072.verify": 910,
    "rsa4096.verify": 1527
  },
  "Cortex-M0": {
    "tls.resume": 5458,
    "ecdsa256.verify.lean": 6021,
    "ed25519.sign": 1239,
    "ed25519.verify": 4366,
    "ecdsa256.verify": 5319,
    "p256.keygen": 1543,
    "ecdh256": 5059,
    "ecdsa384.verify": 86584,
    "rsa2048.verify": 4810,
    "rsa3072.verify": 10630
  }
};
