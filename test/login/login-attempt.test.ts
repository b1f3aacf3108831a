import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, it, jest } from '@jest/globals';
import { LocalSessionStore } from '../../src/auth/local-session-store.js';
import { Keyring } from '../../src/crypto.js';
import { LoginAttempts } from '../../src/server/login-attempt.js';

const attempts = new LoginAttempts(
  { keyring: new Keyring('a key of the tests, which is long enough'), store: new LocalSessionStore() },
  'https://work.example.com',
);
const attempt = { issuer: 'example', returnTo: '/', state: 'state', nonce: 'nonce', verifier: 'verifier' };

function requestWith(cookie: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers.cookie = cookie;
  return request;
}

/** The cookie with which a browser goes to the issuer. */
function begun(): string {
  const request = requestWith('');
  const response = new ServerResponse(request);
  attempts.begin(request, response, attempt);
  return String(response.getHeader('set-cookie')).split(';', 1)[0] ?? '';
}

afterEach(() => void jest.useRealTimers());

it('a sign-in is completed within ten minutes, or begun again, whatever the browser still has', () => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  const cookie = begun();
  jest.setSystemTime(1_800_000_000_000 + 599_000);
  expect(attempts.find(requestWith(cookie), 'state')).toMatchObject({ nonce: 'nonce' });
  expect(attempts.find(requestWith(cookie), 'another')).toBeNull();
  jest.setSystemTime(1_800_000_000_000 + 600_000);
  expect(attempts.find(requestWith(cookie), 'state')).toBeNull();
});
