import type { MemberViewer } from '../auth/viewer.js';
import { transactAs } from './actor.js';
import { readAudit } from './audit.js';
import type { Parts } from './unit-of-work.js';

const AT_ONCE = 1_000;

/**
 * A company's audit log after the entry of a number, as lines of JSON, oldest first; the export itself is its last entry.
 * Asks for an administrator. A line has all that its hash covers; `details` is a text in it, for the hash is over
 * that, byte by byte.
 */
export async function exportAudit(parts: Parts, viewer: MemberViewer, after: number): Promise<AsyncIterable<string>> {
  await transactAs(parts, viewer, { hold: true }, async ({ audit }) =>
    audit({ action: 'audit.exported', details: { after } }),
  );
  return linesAfter(parts, viewer.companyId, after);
}

async function* linesAfter({ orm }: Parts, companyId: string, after: number): AsyncIterable<string> {
  for (let number = after; ; ) {
    const entries = await readAudit(orm, companyId, number, AT_ONCE);
    const last = entries.at(-1);
    if (!last) return;
    yield entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    number = last.number;
  }
}
