// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 953,
    "ed25519.sign": 199,
    "ed25519.verify": 548,
    "ecdsa256.verify": 656,
    "p256.keygen": 155,
    "ecdh256": 616,
    "ecdsa384.verify": 15915,
    "rsa2048.verify": 449,
    "rsa3072.verify": 907,
    "rsa4096.verify": 1528
  },
  "Cortex-M0": {
    "tls.resume": 6216,
    "ed25519.sign": 1298,
    "ed25519.verify": 4408,
    "ecdsa256.verify": 5346,
    "p256.keygen": 1543,
    "ecdh256": 5057,
    "ecdsa384.verify": 161907,
    "rsa2048.verify": 9816,
    "rsa3072.verify": 21893
  }
};
