// Units of memory.

export const GIBIBYTE = 2 ** 30;
