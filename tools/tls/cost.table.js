// npm run bench -- costs
// prettier-ignore
export const costs = {
  "Cortex-M4": {
    "tls.resume": 919,
    "ecdsa256.verify.lean": 682,
    "ed25519.sign": 186,
    "ed25519.verify": 492,
    "ecdsa256.verify": 664,
    "p256.keygen": 155,
    "ecdh256": 622,
    "ecdsa384.verify": 15882,
    "rsa2048.verify": 450,
    "rsa3072.verify": 914,
    "rsa4096.verify": 1534
  },
  "Cortex-M0": {
    "tls.resume": 4413,
    "ecdsa256.verify.lean": 4254,
    "ed25519.sign": 965,
    "ed25519.verify": 3523,
    "ecdsa256.verify": 4365,
    "p256.keygen": 991,
    "ecdh256": 3939,
    "ecdsa384.verify": 86416,
    "rsa2048.verify": 4811,
    "rsa3072.verify": 10643
  }
};
