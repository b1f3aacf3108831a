import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/log.js';

const SECRET = 'what nobody may read';

/** What the log holds after one entry. */
function logged(fields: object, level = 'info'): string {
  const lines: string[] = [];
  createLogger(level, { write: (line: string) => void lines.push(line) }).info(fields, 'a message');
  return lines.join('');
}

describe('the log', () => {
  it.each(['authorization', 'follow', 'token', 'secret', 'password', 'cookie'])(
    'hides %s, also inside of what it is given, and nothing beside it',
    (name) => {
      for (const fields of [{ [name]: SECRET }, { headers: { [name]: SECRET } }]) {
        const text = logged({ companyId: 'a company', ...fields });
        expect(text).not.toContain(SECRET);
        expect(JSON.parse(text)).toMatchObject({ companyId: 'a company', msg: 'a message' });
        expect(text).toContain(`"${name}":"[hidden]"`);
      }
    },
  );

  it('shows what has another name', () => {
    expect(logged({ traceId: SECRET, headers: { host: SECRET } }).split(SECRET)).toHaveLength(3);
  });

  it('is one JSON object a line, of the level asked for', () => {
    expect(logged({ n: 1 })).toMatch(/^\{.*\}\n$/);
    expect(logged({ n: 1 }, 'warn')).toBe('');
  });
});
