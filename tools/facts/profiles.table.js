// npm run bench -- costs
// prettier-ignore
export const profiles = {
  "pinned": {
    "flash": 36195,
    "ram": 7550,
    "handshake": 1476,
    "resume": 950,
    "longest": 556
  },
  "own": {
    "flash": 47788,
    "ram": 7394,
    "handshake": 1713,
    "resume": 951,
    "longest": 781
  },
  "public": {
    "flash": 58031,
    "ram": 10770,
    "handshake": 2119,
    "resume": 961,
    "longest": 561
  },
  "cloud": {
    "flash": 64417,
    "ram": 10818,
    "handshake": 2406,
    "resume": 1622,
    "longest": 844
  }
};
