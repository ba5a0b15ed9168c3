export interface Action {
  readonly kind: string;
  readonly proto: string;
  readonly t: number;
  readonly t_end: number;
  readonly client_ip: string;
  readonly account?: string;
  readonly expect: string;
  readonly as_expected: boolean;
}
export interface Verdict {
  readonly action: Action;
  readonly seen: boolean;
  readonly attributed: boolean | null;
  readonly judged: boolean | null;
}
interface Share {
  readonly of: number;
  readonly yes: number;
}
export function compareWithTruth(actions: readonly Action[], lines: readonly unknown[]): Verdict[];
export function sumsOf(verdicts: readonly Verdict[]): {
  readonly seen: Share;
  readonly attributed: Share;
  readonly judged: Share;
};
