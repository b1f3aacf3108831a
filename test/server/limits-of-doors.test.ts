import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Stream } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { fitsPassword } from '../../src/auth/follow-password.js';
import { nobody } from '../../src/auth/viewer.js';
import { Keyring } from '../../src/crypto.js';
import { AddressLimits } from '../../src/server/address-limits.js';
import { FollowLimits } from '../../src/server/follow-limits.js';
import { RateLimitError, spenderOf } from '../../src/server/rate-limits.js';
import { TrustedProxies } from '../../src/transport/trusted-proxies.js';

/** Two of one network, and one of the next. */
const [ONE, OTHER, NEXT] = ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:db8:0:2::1'];

describe('whoever has a network of IPv6 is one address', () => {
  it('to connections that stay', () => {
    const trustedProxies = new TrustedProxies([]);
    const limits = new AddressLimits({ maxSocketsPerAddress: 1, maxConnectsPerSecond: 100, trustedProxies });
    const take = (remoteAddress: string) => {
      const request = { headers: {}, socket: { remoteAddress } } as IncomingMessage;
      return limits.take(request, new EventEmitter() as Stream);
    };
    expect(take(ONE)).toBeNull();
    expect(take(OTHER)).toBeGreaterThan(0);
    expect(take(NEXT)).toBeNull();
  });

  it('to what operations, and signing in, may cost', () => {
    expect(spenderOf(nobody, ONE)).toBe(spenderOf(nobody, OTHER));
    expect(spenderOf(nobody, ONE)).not.toBe(spenderOf(nobody, NEXT));
  });

  it('to the door of followers, and of those who unsubscribe', async () => {
    const limits = new FollowLimits(null);
    for (let i = 0; i < 120; i += 1) await limits.takeOfAddress(i % 2 ? ONE : OTHER, false);
    await expect(limits.takeOfAddress(OTHER, false)).rejects.toBeInstanceOf(RateLimitError);
    expect((await limits.takeOfAddress(NEXT, false)).remaining).toBe(119);
  });
});

describe('a link', () => {
  it('lets a thousand come in within an hour', async () => {
    const limits = new FollowLimits(null);
    for (let i = 0; i < 1_000; i += 1) await limits.takeOfLink('link', false);
    await expect(limits.takeOfLink('link', false)).rejects.toBeInstanceOf(RateLimitError);
    await limits.takeOfLink('another', false);
  });

  it('takes a hundred wrong passwords within an hour, and right ones as comings', async () => {
    const limits = new FollowLimits(null);
    const takeBack = await limits.takeOfLink('link', true);
    await takeBack();
    for (let i = 0; i < 99; i += 1) await limits.takeOfLink('link', true);
    await expect(limits.takeOfLink('link', true)).rejects.toBeInstanceOf(RateLimitError);
  });
});

it('so many passwords wait to be looked at; who comes then is told to come again', async () => {
  const keyring = new Keyring('a key of the tests, which is long enough');
  const tries = Array.from({ length: 80 }, () => fitsPassword(keyring, 'a password', null));
  const outcomes = await Promise.allSettled(tries);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.reason] : []));
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(80);
  expect(new Set(refused)).toEqual(new Set(['DOOR_BUSY']));
});
