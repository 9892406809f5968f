/** The drivers for AT modules alone, for `link.c`. */
export {
  start as startLink,
  inputAt,
  outputAt,
  open,
  send,
  receive,
  close,
  state,
  lines,
  tick,
  fromModule,
  toModule,
} from "../flow/link/guest";
