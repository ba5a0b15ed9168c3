// Memory that takes the place of other memory.

/**
 * So many bytes of the same kind: shared between threads where the memory before was, so that it need not be copied for another one,
 * nor detached from this one. The first time a thread detaches any, V8 throws away all code that it compiled there on the assumption
 * that none ever is: a second at half speed.
 */
export function moreMemory(before: ArrayBufferLike, bytes: number): ArrayBufferLike {
  return before instanceof SharedArrayBuffer ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}
