// Why a range of bytes was refused. Refusals are numbers that index counters; nothing on the hot path throws.

export const OK = 0;
/** The range ends before the format does. */
export const SHORT = 1;
/** A length inside points outside the range. */
export const OVERRUN = 2;
/** Another structure than the format asks for. */
export const BAD_TAG = 3;
/** A value that the format forbids. */
export const BAD_VALUE = 4;
/** Nested deeper than the limit. */
export const TOO_DEEP = 5;
/** More elements than the limit. */
export const TOO_MANY = 6;
/** Longer than the limit. */
export const TOO_LONG = 7;
/** Valid, but of a kind that this decoder does not read. */
export const UNSUPPORTED = 8;

export type Reason = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Names of the reasons, as metric labels and in messages; the index is the reason. */
export const REASON_NAMES = [
  'ok',
  'short',
  'overrun',
  'bad-tag',
  'bad-value',
  'too-deep',
  'too-many',
  'too-long',
  'unsupported',
] as const;
