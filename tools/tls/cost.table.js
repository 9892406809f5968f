// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 953,
    "ed25519.sign": 199,
    "ed25519.verify": 548,
    "ecdsa256.verify": 774,
    "p256.keygen": 214,
    "ecdh256": 722,
    "ecdsa384.verify": 18581,
    "rsa2048.verify": 525,
    "rsa3072.verify": 1077,
    "rsa4096.verify": 1744
  },
  "Cortex-M0": {
    "tls.resume": 6216,
    "ed25519.sign": 1298,
    "ed25519.verify": 4408,
    "ecdsa256.verify": 21401,
    "p256.keygen": 4547,
    "ecdh256": 19481,
    "ecdsa384.verify": 169438,
    "rsa2048.verify": 10007,
    "rsa3072.verify": 22302
  }
};
