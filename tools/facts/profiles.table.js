// npm run bench -- costs
// prettier-ignore
export const profiles = {
  "pinned": {
    "flash": 34795,
    "ram": 7638,
    "handshake": 1515,
    "resume": 984,
    "longest": 563
  },
  "own": {
    "flash": 40894,
    "ram": 7514,
    "handshake": 2014,
    "resume": 986,
    "longest": 1047
  },
  "public": {
    "flash": 52739,
    "ram": 10842,
    "handshake": 2044,
    "resume": 995,
    "longest": 535
  },
  "cloud": {
    "flash": 66706,
    "ram": 11146,
    "handshake": 2165,
    "resume": 1496,
    "longest": 750
  }
};
