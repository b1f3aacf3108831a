import { expect, it } from '@jest/globals';
import { expectLetter, html, type Letter, oneLine } from '../../src/mail/letter.js';
import { addressOf } from '../../src/schema/address.js';

const LETTER: Letter = { kind: 'test', to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' };
const refused = (change: Partial<Letter>) =>
  expect(() => expectLetter({ ...LETTER, ...change })).toThrow(/cannot be posted/);

it('an address is one person’s, in one form, and nothing that a header or SMTP would read otherwise', () => {
  expect(addressOf(' Ada.Lovelace+x@Example.COM ')).toBe('ada.lovelace+x@example.com');
  expect(addressOf('žofie@příklad.cz')).toBe('žofie@xn--pklad-zsa96e.cz');
  expect(addressOf('ŽOFIE@PŘÍKLAD.CZ')).toBe('Žofie@xn--pklad-zsa96e.cz');
  const none = ['ada', 'ada@', '@example.com', 'ada@example', 'a b@example.com', 'ada@example.com,bob@example.com'];
  const sly = [
    '<ada@example.com>',
    'Ada <ada@example.com>',
    'ada@example.com\r\nBcc: b@example.com',
    '"a b"@example.com',
  ];
  const hidden = [
    'ada\u200b@example.com',
    'ada\u202e@example.com',
    'ada@exam\0ple.com',
    'a;b@example.com',
    'a@b@example.com',
  ];
  for (const text of [...none, ...sly, ...hidden, `${'a'.repeat(250)}@example.com`])
    expect([text, addressOf(text)]).toEqual([text, null]);
});

it('a letter with another recipient, header or line in it is not posted, and the fault does not repeat it', () => {
  expect(expectLetter({ ...LETTER, headers: { 'List-Unsubscribe': '<https://example.com/u>' } })).toBeTruthy();
  refused({ to: 'Ada@example.com' });
  refused({ to: 'ada@example.com, bob@example.com' });
  refused({ subject: 'Hello\r\nBcc: bob@example.com' });
  refused({ subject: ' ' });
  refused({ subject: 'x'.repeat(251) });
  refused({ text: '' });
  refused({ text: 'x'.repeat(100_001) });
  for (const name of ['Bcc', 'bcc', 'To', 'Sender', 'Content-Type', 'Resent-To', 'X Y', 'X:Y', 'X\r\nBcc'])
    refused({ headers: { [name]: 'bob@example.com' } });
  refused({ headers: { 'X-Note': 'a\r\nBcc: bob@example.com' } });
  expect(() => expectLetter({ ...LETTER, to: 'Secret@example.com' })).toThrow(
    expect.not.stringContaining('Secret') as never,
  );
});

it('what people are called stays in its line, and is text in HTML', () => {
  expect(oneLine('  Ada\r\nBcc: b@example.com\u2028\u202eevil\0 ')).toBe('Ada Bcc: b@example.com evil');
  expect(oneLine('x'.repeat(300))).toBe(`${'x'.repeat(99)}…`);
  expect(html`<p>${`<script>alert("1" & '2')</script>`}</p>`).toBe(
    '<p>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</p>',
  );
});
