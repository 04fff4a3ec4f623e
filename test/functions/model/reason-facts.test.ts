import { expect, test } from 'vitest';
import { reasonPagesOf } from '../../../functions/model/reason-facts.ts';

const site = new URL('https://docs.example.com/');
const rows = [
  'ConnectionRefused',
  'ConnectionRefused',
  'Responded',
  'RateLimited',
  'AuthenticationRequired',
  'MadeUpByAnotherWriter',
].map((reason) => ({ reason }));

test('a list names the page of each reason that has a next step, once', () => {
  expect(reasonPagesOf([...rows, {}], site)).toEqual({
    ConnectionRefused: 'https://docs.example.com/reasons/connection-refused/',
  });
});
test('a list names no pages without a site, or where nothing is to do', () => {
  expect(reasonPagesOf(rows, undefined)).toBeUndefined();
  expect(reasonPagesOf([{ reason: 'Responded' }], site)).toBeUndefined();
});
