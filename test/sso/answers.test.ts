import { beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { browserAt, PUBLIC_URL } from '../harness/browser.js';
import { type Cluster } from '../harness/cluster.js';
import type { TestIssuer } from '../harness/issuer.js';
import { CLIENT_ID, giveProvider, ssoLogin } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { type SsoCompany, type SsoStage, withSsoStage } from './stage.js';

const SESSION = 'aliteo-session';

let stage: SsoStage;
let cluster: Cluster;
let own: TestIssuer;
let others: TestIssuer;
withSsoStage({ FOUNDING: 'on' }, (opened) => {
  stage = opened;
  ({ cluster, own, others } = stage);
});

let world: World;
let person: SsoCompany['person'];
beforeEach(async () => {
  ({ world, person } = await stage.company());
});

describe('an answer that is not the one that was asked for opens nothing:', () => {
  /** A browser that has come back from the issuer, and has not told the server yet. */
  async function comeBack(claims = {}) {
    const { email } = await person();
    own.nextPerson(email, claims);
    const browser = browserAt(cluster.first, { stopsAt: `${PUBLIC_URL}/auth/sso/` });
    const { url } = await browser.open(ssoLogin(world.companyId));
    const next = browserAt(cluster.first);
    for (const [name, value] of browser.cookies) next.cookies.set(name, value);
    return { url, browser: next };
  }
  const tell = async (browser: ReturnType<typeof browserAt>, url: URL | string) => {
    const { response } = await browser.open(url);
    return [response.status, browser.cookies.has(SESSION)];
  };

  it('a forged state', async () => {
    const { url, browser } = await comeBack();
    url.searchParams.set('state', 'x'.repeat(43));
    expect(await tell(browser, url)).toEqual([400, false]);
  });

  it("another browser's", async () => {
    const { url } = await comeBack();
    expect(await tell(browserAt(cluster.first), url)).toEqual([400, false]);
  });

  it('one that has been told already, on any process', async () => {
    const { url, browser } = await comeBack();
    const again = browserAt(cluster.last);
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    expect(await tell(browser, url)).toEqual([404, true]);
    expect(await tell(again, url)).toEqual([400, false]);
  });

  it.each([
    ['another nonce', { nonce: 'x'.repeat(43) }],
    ['another client', { aud: 'another-client' }],
    ['another issuer', { iss: 'https://issuer.example' }],
    ['several clients, and no word of which', { aud: [CLIENT_ID, 'another-client'] }],
    ['no word of when it was made', { iat: undefined }],
    ['a time that is over', { exp: Math.floor(Date.now() / 1_000) - 3_600 }],
  ])('an ID token with %s', async (_what, claims) => {
    const { url, browser } = await comeBack(claims);
    const [status, isIn] = await tell(browser, url);
    expect([Number(status) >= 400 && Number(status) < 500, isIn]).toEqual([true, false]);
  });

  it.each([
    ['with another nonce', { nonce: 'x'.repeat(43) }],
    ['of another client', { aud: 'another-client' }],
    ['that another client has asked for', { azp: 'another-client' }],
  ])('an ID token %s, of which the company reads in its audit log', async (_what, claims) => {
    const { url, browser } = await comeBack(claims);
    expect((await tell(browser, url))[1]).toBe(false);
    const refused = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).filter(({ result }) => result === 'REFUSED');
    await until(async () => (await refused()).length > 0, 'the refusal', 2_000);
    const reason = 'TOKEN_INVALID';
    expect(await refused()).toMatchObject([{ action: 'access', entryPoint: 'USER', reason, actorId: null }]);
  });

  it('an ID token that was given for another sign-in, or signed by somebody else', async () => {
    await comeBack().then(({ url, browser }) => tell(browser, url));
    const used = own.idTokens.at(-1) ?? '';
    for (const idToken of [used, await others.token('somebody@elsewhere.example')]) {
      const { url, browser } = await comeBack();
      own.nextIdToken(idToken);
      expect((await tell(browser, url))[1]).toBe(false);
    }
  });

  it('one at the place of another company, or of the operator', async () => {
    const another = await World.found(cluster.parts, cluster.issuer);
    for (const path of [`/auth/sso/${another.companyId}/callback`, '/auth/callback', '/auth/sso/callback']) {
      const { url, browser } = await comeBack();
      expect(await tell(browser, `${PUBLIC_URL}${path}${url.search}`)).toEqual([400, false]);
    }
  });

  it("one of the operator's issuer at the place of a company", async () => {
    const { email } = await person();
    cluster.issuer.nextPerson(email);
    const browser = browserAt(cluster.first, { stopsAt: `${PUBLIC_URL}/auth/callback` });
    const { url } = await browser.open(`${PUBLIC_URL}/auth/login`);
    const next = browserAt(cluster.first);
    for (const [name, value] of browser.cookies) next.cookies.set(name, value);
    expect(await tell(next, `${PUBLIC_URL}/auth/sso/${world.companyId}/callback${url.search}`)).toEqual([400, false]);
  });

  it("one of an issuer that is not the company's any more", async () => {
    const { url, browser } = await comeBack();
    await giveProvider(cluster.last, world.admin.caller, others);
    expect(await tell(browser, url)).toEqual([400, false]);
  });
});
