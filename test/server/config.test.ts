import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config.js';

describe('a failpoint', () => {
  it('is a fault in production, and so is one that does not say when', () => {
    expect(() => readConfig({ NODE_ENV: 'production', FAILPOINT: 'after-commit:1' })).toThrow(/FAILPOINT: kills/);
    expect(() => readConfig({ FAILPOINT: 'sometimes' })).toThrow(/FAILPOINT: must look like/);
  });
});
