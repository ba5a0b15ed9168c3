// A number that stands for an address: the IPv4 address itself, or a hash above 2^32, keyed by the run so that nobody can choose
// addresses that share one.
import { type HashKey, lastNumber, sipHash } from '../bytes/hash.ts';
import { u32be } from '../bytes/read.ts';
import { parseAddress } from '../ip/parse-address.ts';

const ABOVE_IPV4 = 0x1_0000_0000;

/** The hash's key, of a run key's 16 bytes. */
export const addressHashKey = (runKey: Uint8Array): HashKey => new Uint32Array(runKey.slice(0, 16).buffer);

/** Key of the address of `length` bytes at `at`. */
export function addressKey(key: HashKey, bytes: Uint8Array, at: number, length: 4 | 16): number {
  if (length === 4) return u32be(bytes, at);
  sipHash(key, bytes, at, at + 16);
  return lastNumber() + ABOVE_IPV4;
}

/** Keys of addresses in text, for who knows them from elsewhere than packets; text that is none has the key of no address. */
export function addressKeys(runKey: Uint8Array): (ip: string) => number {
  const key = addressHashKey(runKey);
  return (ip) => {
    const bytes = parseAddress(ip);
    return bytes === null ? -1 : addressKey(key, bytes, 0, bytes.length === 4 ? 4 : 16);
  };
}
