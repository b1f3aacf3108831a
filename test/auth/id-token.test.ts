import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { verifyIdToken } from '../../src/auth/id-token.js';
import { Issuer } from '../../src/auth/issuer.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

const EMAIL = 'ada@example.com';
const CLIENT = 'a-client';
const now = () => Math.floor(Date.now() / 1_000);

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer?.stop());

const subjectOf = async (changes: JWTPayload = {}) => {
  const trusted = { issuer: issuer.url, audience: '', client: CLIENT };
  const token = await issuer.token(EMAIL, { aud: CLIENT, iat: now(), nonce: 'nonce', ...changes });
  return (await verifyIdToken(new Issuer(trusted), token, 'nonce')).subject;
};

it.each(['sub', 'exp', 'iat', 'nonce'])('an ID token that says nothing of its %s is not good', async (claim) => {
  expect(await subjectOf()).toBe(EMAIL);
  await expect(subjectOf({ [claim]: undefined })).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
});
