// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 945,
    "ed25519.sign": 198,
    "ed25519.verify": 546,
    "ecdsa256.verify": 800,
    "ecdsa384.verify": 18574,
    "rsa2048.verify": 492,
    "rsa3072.verify": 1036,
    "rsa4096.verify": 1640
  },
  "Cortex-M0": {
    "tls.resume": 6206,
    "ed25519.sign": 1294,
    "ed25519.verify": 4391,
    "ecdsa256.verify": 21415,
    "ecdsa384.verify": 169450,
    "rsa2048.verify": 9919,
    "rsa3072.verify": 22191
  }
};
