// npm run bench -- costs
// prettier-ignore
export const profiles = {
  "pinned": {
    "flash": 33717,
    "ram": 7638,
    "handshake": 1388,
    "resume": 919,
    "longest": 500
  },
  "own": {
    "flash": 39482,
    "ram": 7506,
    "handshake": 1588,
    "resume": 922,
    "longest": 684
  },
  "public": {
    "flash": 50383,
    "ram": 10842,
    "handshake": 1984,
    "resume": 931,
    "longest": 486
  },
  "cloud": {
    "flash": 64288,
    "ram": 11162,
    "handshake": 2156,
    "resume": 1495,
    "longest": 751
  }
};
