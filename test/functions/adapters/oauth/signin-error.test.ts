import { expect, test } from 'vitest';
import { SignInError } from '../../../../functions/adapters/oauth/signin-error.ts';

test('the message of a refused sign-in is one line of at most 1,024 characters, whatever a host or a certificate holds', () => {
  const detail = `altnames: DNS:a\r\nserver-z   Connected\u202e\u200b\u001b[31m${'x'.repeat(5_000)}`;
  const { message } = new SignInError({ reason: 'requestFailed', host: 'a.example', detail });
  expect(message).toMatch(/^The request to a\.example failed: altnames: DNS:a server-z Connected/);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(message).toHaveLength(1_024);
});
