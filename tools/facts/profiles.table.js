// npm run bench -- costs
// prettier-ignore
export const profiles = {
  "pinned": {
    "flash": 35865,
    "ram": 7630,
    "handshake": 1386,
    "resume": 917,
    "longest": 500
  },
  "own": {
    "flash": 41626,
    "ram": 7498,
    "handshake": 1593,
    "resume": 919,
    "longest": 692
  },
  "public": {
    "flash": 52583,
    "ram": 10826,
    "handshake": 1981,
    "resume": 928,
    "longest": 485
  },
  "cloud": {
    "flash": 66558,
    "ram": 11146,
    "handshake": 2148,
    "resume": 1483,
    "longest": 750
  }
};
