import { readFileSync } from 'node:fs';

/** What the run has told a process to do: the JSON file that its argument names. */
export const readPlan = () => JSON.parse(readFileSync(process.argv[2], 'utf8'));
