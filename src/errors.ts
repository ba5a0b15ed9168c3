// Every fault that a user can mend: its code, its exit code, and one sentence that says what is wrong and what to do.

/** Codes of faults and the exit code of a command that ends with one. */
const EXIT_CODES = {
  ADTAP_E_NOT_FOUND: 2,
  ADTAP_E_NOT_A_CAPTURE: 2,
  ADTAP_E_UNSUPPORTED_CAPTURE: 2,
  ADTAP_E_TOO_MANY_FILES: 2,
  ADTAP_E_FILTER: 2,
  ADTAP_E_NO_SUCH_FRAME: 2,
  ADTAP_E_CONFIG: 2,
  ADTAP_E_ADAPTER: 2,
  ADTAP_E_NO_CAPTURE: 2,
  ADTAP_E_PRIVILEGE: 77,
  ADTAP_E_LOAD: 2,
  ADTAP_E_COUNTERS: 2,
  ADTAP_E_MODEL: 2,
  ADTAP_E_BENCH: 1,
  ADTAP_E_DRAIN: 1,
  ADTAP_E_PROFILE: 2,
  ADTAP_E_USAGE: 2,
  ADTAP_E_OUTPUT: 1,
  ADTAP_E_CLOSED_PIPE: 0,
  ADTAP_E_WORKER: 70,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/** A fault of the environment or the input, not of adtap. */
export class AdtapError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AdtapError';
    this.code = code;
    this.exitCode = EXIT_CODES[code];
  }
}
