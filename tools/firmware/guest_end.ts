/** Compiled into every guest, for the build only: where static memory ends, which is all that a guest without a heap needs. */
export function __end(): usize {
  return __heap_base;
}
