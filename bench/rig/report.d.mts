/** What the tests use of report.mjs; the rest is for bench.mjs. */
export interface Run {
  cell: string;
  subject: string;
  round: number;
  /** Why there are no figures. */
  failed?: string;
  /** What must not happen in a run that counts. */
  faults?: readonly string[];
  [figure: string]: unknown;
}

export interface Summary {
  cell: string;
  subject: string;
  runs: number;
  isSound: boolean;
  medians: Record<string, number | null>;
  remarks: string[];
}

export interface Target {
  name: string;
  cells: readonly string[];
  what: string;
  is: '≥' | '≤';
  bound: number;
  value(of: (cell: string, subject: string, figure: string) => number): number;
}

export interface Verdict {
  name: string;
  what: string;
  value: number | null;
  isMet: boolean;
}

export function summarize(runs: readonly Run[], rounds: number): Summary[];
export function judgeAll(
  targets: readonly Target[],
  chosen: readonly { name: string }[],
  summaries: readonly Summary[],
): Verdict[];
export function isGood(result: { summaries: readonly Summary[]; verdicts: readonly Verdict[] }): boolean;
export function verdictOf(verdict: Verdict & Pick<Target, 'is' | 'bound'>): string;
