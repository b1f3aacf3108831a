import { createHash } from 'node:crypto';

/** Somebody a developer may sign in as, without a password. */
export interface DemoPerson {
  subject: string;
  name: string;
  email: string;
}

/** A whole HTML answer: the text and the headers without which it must not be sent. */
export interface Page {
  headers: Record<string, string>;
  html: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: light-dark(#d8dce3, #3a3f4a) }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f5f8, #15171c) }
main { box-sizing: border-box; width: min(26rem, 100vw - 2rem); margin: 2rem 0; padding: 2rem; border: 1px solid var(--line);
  border-radius: 1rem; background: light-dark(#fff, #1e2128) }
h1 { margin: 0; font-size: 1.4rem }
p { margin: .5rem 0 1.5rem; color: light-dark(#5b6270, #a2a9b6); overflow-wrap: anywhere }
form { display: grid }
button { width: 100%; margin: .25rem 0; padding: .7rem 1rem; border: 1px solid var(--line); border-radius: .6rem;
  background: none; color: inherit; font: inherit; text-align: start; cursor: pointer }
button:hover, button:focus-visible { border-color: #4f6ef7; outline: 2px solid #4f6ef755 }
small { display: block; color: light-dark(#5b6270, #a2a9b6) }`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The list of demo people, one button each; `redirectUri` is where the flow ends. */
export function loginPage(people: readonly DemoPerson[], redirectUri: string): Page {
  const buttons = people.map(
    ({ subject, name, email }) =>
      `<button name="subject" value="${escapeHtml(subject)}">${escapeHtml(name)}<small>${escapeHtml(email)}</small></button>`,
  );
  const hint =
    people.length > 0 ? `You go on to ${escapeHtml(redirectUri)}.` : 'There is nobody yet: create the demo data first.';
  return page('Sign in as…', `<p>${hint}</p><form method="post">${buttons.join('')}</form>`, redirectUri);
}

/** Asks before signing out; `form` is the provider's own form, which the buttons submit. */
export function logoutPage(form: string, redirectUri?: string): Page {
  const submit = 'type="submit" form="op.logoutForm"';
  const buttons = `<button ${submit} name="logout" value="yes" autofocus>Sign out</button><button ${submit}>Stay signed in</button>`;
  return page('Sign out?', `<p>This ends your session at the development issuer.</p>${form}${buttons}`, redirectUri);
}

/** A page that only says something. */
export function messagePage(title: string, text: string): Page {
  return page(title, `<p>${escapeHtml(text)}</p>`);
}

function page(title: string, body: string, redirectUri?: string): Page {
  const policy = [
    `default-src 'none'`,
    `style-src 'sha256-${STYLE_HASH}'`,
    ['form-action', `'self'`, ...(redirectUri ? [formTarget(redirectUri)] : [])].join(' '),
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ];
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy.join('; '),
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>${body}</main></body></html>`,
  };
}

/** Browsers hold `form-action` against the redirects after a form too, and the last one leads to the client. */
function formTarget(uri: string): string {
  const { origin, protocol, hostname } = new URL(uri);
  // A policy can name neither an IPv6 address nor an app's own scheme otherwise than by the scheme.
  return origin === 'null' || hostname.startsWith('[') ? protocol : origin;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
