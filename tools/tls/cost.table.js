// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 922,
    "ecdsa256.verify.lean": 659,
    "ed25519.sign": 187,
    "ed25519.verify": 492,
    "ecdsa256.verify": 664,
    "p256.keygen": 156,
    "ecdh256": 622,
    "ecdsa384.verify": 15882,
    "rsa2048.verify": 448,
    "rsa3072.verify": 910,
    "rsa4096.verify": 1535
  },
  "Cortex-M0": {
    "tls.resume": 4424,
    "ecdsa256.verify.lean": 4241,
    "ed25519.sign": 975,
    "ed25519.verify": 3512,
    "ecdsa256.verify": 4365,
    "p256.keygen": 991,
    "ecdh256": 3939,
    "ecdsa384.verify": 86416,
    "rsa2048.verify": 4805,
    "rsa3072.verify": 10630
  }
};
