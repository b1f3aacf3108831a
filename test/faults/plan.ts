/** How much happens in a run. The short form is part of `npm test`; `npm run test:faults` is the long one. */
export interface Plan {
  /** How long the writers write at least; the faults may take longer. */
  seconds: number;
  /** Whether a run fails that does not reach half of the rate of writes: that is for machines which we know. */
  holdsRate: boolean;
  /** How often each fault happens. */
  rounds: number;
  writesPerSecond: number;
  companies: number;
  subscribers: number;
  /** How many clients come back at once. */
  storm: number;
  heartbeatMs: number;
  /** How long everybody may take to be live again, or to have everything. It is long: a slow machine is no fault. */
  patienceMs: number;
}

const isLong = process.env.FAULTS === 'long';

/** `FAULTS_WRITES=100` and the like change one figure of either form. */
const figure = (name: string, long: number, short: number): number =>
  Number(process.env[`FAULTS_${name}`] ?? (isLong ? long : short));

export const plan: Plan = {
  seconds: figure('SECONDS', 60, 10),
  holdsRate: isLong,
  rounds: figure('ROUNDS', 3, 1),
  writesPerSecond: figure('WRITES', 200, 50),
  companies: figure('COMPANIES', 10, 4),
  subscribers: figure('SUBSCRIBERS', 500, 24),
  storm: figure('STORM', 2_000, 100),
  // Two thousand clients that hear one every other second would be a load of its own.
  heartbeatMs: figure('HEARTBEAT_MS', 10_000, 2_000),
  patienceMs: figure('PATIENCE_S', 300, 120) * 1_000,
};
