import { randomBytes } from 'node:crypto';
import type { FolderCarrier, KeptLetter } from '../mail/folder-carrier.js';
import { escapeHtml } from '../mail/letter.js';
import type { Handle } from './router.js';
import { PAGE_HEADERS } from './strict-headers.js';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: 1rem 0 }
  h2 { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere }
  p { margin: 0; color: color-mix(in srgb, currentColor 65%, transparent) }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
`;

/** The letters that would have been sent, in development. Reads `?to=ADDRESS` for those to one address. */
export const devMailPage =
  (folder: FolderCarrier): Handle =>
  async (_request, response, { searchParams }) => {
    const letters = await folder.list(searchParams.get('to') ?? undefined);
    const nonce = randomBytes(16).toString('base64');
    response
      .writeHead(200, {
        ...PAGE_HEADERS,
        'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      })
      .end(page(nonce, letters));
  };

const page = (nonce: string, letters: readonly KeptLetter[]) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Letters</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<h1>Letters</h1>
${letters.map(article).join('\n') || '<p>No letter has been written yet.</p>'}
</html>
`;

const article = ({ to, subject, text, writtenAt }: KeptLetter) => `<article>
  <h2>${escapeHtml(subject)}</h2>
  <p>to ${escapeHtml(to)}, <time>${escapeHtml(writtenAt)}</time></p>
  <pre>${linked(text)}</pre>
</article>`;

/** A text with its addresses of pages as links. What is a part of one has nothing in it that HTML reads otherwise. */
const linked = (text: string): string =>
  text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, i) => (i % 2 === 1 ? `<a href="${escapeHtml(part)}">${escapeHtml(part)}</a>` : escapeHtml(part)))
    .join('');
