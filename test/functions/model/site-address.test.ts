import { expect, test } from 'vitest';
import { siteAddressProblem } from '../../../functions/model/site-address.ts';

test.each(['https://docs.example.com', 'https://docs.example.com/', 'http://127.0.0.1:8787'])(
  '%s can be the address of the site',
  (text) => expect(siteAddressProblem(text)).toBeUndefined(),
);

test.each([
  ['https://example.com/docs/', 'The site must be at the root of its host.'],
  ['https://docs.example.com/?a=b', 'The site must be at the root of its host.'],
  ['https://docs.example.com/#top', 'The site must be at the root of its host.'],
  ['docs.example.com', 'which is not an address of the web.'],
  ['file:///srv/docs', 'which is not an address of the web.'],
])('%s cannot, and the message says what to set', (text, words) => {
  expect(siteAddressProblem(text)).toContain(`SITE_URL is "${text}"`);
  expect(siteAddressProblem(text)).toContain(words);
  expect(siteAddressProblem(text)).toContain('SITE_URL=https://docs.example.com');
});
