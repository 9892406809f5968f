// npm run bench -- costs
// prettier-ignore
export const profiles = {
  "pinned": {
    "flash": 36191,
    "ram": 7550,
    "handshake": 1476,
    "resume": 950,
    "longest": 556
  },
  "own": {
    "flash": 47852,
    "ram": 7394,
    "handshake": 1597,
    "resume": 951,
    "longest": 659
  },
  "public": {
    "flash": 58387,
    "ram": 10770,
    "handshake": 1990,
    "resume": 961,
    "longest": 526
  },
  "cloud": {
    "flash": 66069,
    "ram": 10818,
    "handshake": 2119,
    "resume": 1455,
    "longest": 737
  }
};
