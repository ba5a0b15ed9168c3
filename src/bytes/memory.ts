// Memory that takes the place of other memory.

/**
 * So many bytes of the same kind: shared between threads where the memory before was. What was shared can be sent to another thread
 * as it is. Memory that is not must be detached from this one, and the first time a thread detaches any, V8 throws away all code
 * that it compiled there on the assumption that none ever is: a second at half speed.
 */
export function moreMemory(before: ArrayBufferLike, bytes: number): ArrayBufferLike {
  return before instanceof SharedArrayBuffer ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}
