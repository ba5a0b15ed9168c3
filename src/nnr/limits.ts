// What bounds the book of names.
import { defineLimits } from '../protocols/limits.ts';

export const nnrLimits = defineLimits('nnr', {
  addresses: {
    default: 131_072,
    max: 16_777_216,
    unit: 'addresses',
    policy: 'drop-oldest',
    help: 'Addresses whose computers are remembered; the one that was claimed longest ago is forgotten.',
  },
  history: {
    default: 4,
    max: 64,
    unit: 'computers',
    policy: 'drop-oldest',
    help: 'Computers remembered that an address had before, for activities that began in their time.',
  },
});
