import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config.js';
import { parseRedisUrl } from '../../src/redis-url.js';

const plain = { isCluster: false, username: undefined, password: undefined, database: 0, tls: false };

describe('REDIS_URL', () => {
  it('names one server, or some of a cluster', () => {
    expect(parseRedisUrl('redis://redis')).toEqual({ ...plain, servers: [{ host: 'redis', port: 6379 }] });
    expect(parseRedisUrl('rediss://user:p%40ss%2F@[::1]:1/2')).toEqual({
      ...plain,
      servers: [{ host: '::1', port: 1 }],
      username: 'user',
      password: 'p@ss/',
      database: 2,
      tls: true,
    });
    expect(parseRedisUrl('rediss+cluster://:secret@a:7000,b/')).toEqual({
      ...plain,
      isCluster: true,
      servers: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
      password: 'secret',
      tls: true,
    });
  });

  it.each([
    ['http://redis:6379', 'must look like'],
    ['redis://a:6379,b:6379', 'several servers are a cluster: redis+cluster://'],
    ['redis+cluster://a,', 'server 2 is not host:port'],
    ['redis+cluster://a:70000', 'server 1 is not host:port'],
    ['redis+cluster://a/1', 'a cluster has no databases'],
    ['redis://a/one', 'not the number of a database'],
    ['redis://a?family=6', 'takes no options'],
    ['redis://:50%@a', '%25'],
  ])('%s is a fault of the configuration, which says what is wrong', (url, fault) => {
    const read = () => readConfig({ REDIS_URL: url, SECRET_KEY: 'x'.repeat(32) });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`REDIS_URL: `);
    expect(read).toThrow(fault);
  });

  it.each(['redis://user:hush/hush@a', 'redis://user:hush,hush@a,b', 'redis://user:hush@hush:hush@a', 'x://u:hush@a'])(
    'does not tell the password of %s',
    (url) => {
      try {
        parseRedisUrl(url);
      } catch (error) {
        expect(String(error)).not.toContain('hush');
      }
    },
  );
});
