import { expect, test } from 'vitest';
import { invitation } from '../../local/invitation.ts';

const invited = {
  url: 'http://127.0.0.1:8787',
  tickMs: 60_000,
  isDemo: true,
  folder: '/tmp/muster-start',
};

test('npm start prints the address of the live page, or the one command that it needs', () => {
  expect(invitation({ ...invited, hasSite: true })).toContain(
    '\nLive page: http://127.0.0.1:8787/live/\n',
  );
  const unbuilt = invitation({ ...invited, hasSite: false });
  expect(unbuilt).toContain('run: npm run site:build\n');
  expect(unbuilt).not.toContain('Live page:');
});
