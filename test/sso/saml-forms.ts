import { expect } from '@jest/globals';
import { type Browser, browserAt, PUBLIC_URL } from '../harness/browser.js';
import type { Node } from '../harness/cluster.js';

export interface Form {
  action: string;
  fields: Record<string, string>;
}
/** The form of a page that sends itself. */
export function formIn(html: string): Form {
  const fields = [...html.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
  return { action: /action="([^"]+)"/.exec(html)?.[1] ?? '', fields: Object.fromEntries(fields) };
}

/** Sends the provider's form as a browser does: from a site that our cookies do not go along with, then from our own. */
export async function sendForm(
  node: Node,
  browser: Browser,
  { action, fields }: Form,
): Promise<{ status: number; text: string }> {
  const { response } = await browserAt(node).open(action, fields);
  const text = await response.text();
  if (response.status !== 200) return { status: response.status, text };
  expect(response.headers.get('content-security-policy')).toMatch(/script-src 'nonce-[\w+/=]+';.*form-action 'self'/);
  const again = formIn(text);
  const { response: last } = await browser.open(new URL(again.action, PUBLIC_URL), again.fields);
  return { status: last.status, text: await last.text() };
}
