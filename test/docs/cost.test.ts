import { expect, test } from 'vitest';
import { readPage } from './pages.ts';

/** The rows of the table that `npm run bench -- cost` prints: servers, share that hangs, dollars. */
const [, section = ''] = (await readPage('operate.md')).split('\n## Cost\n');
const rows = [
  ...section.matchAll(/^\| ([\d,]+) \| (\d+) % \|(?: [\d.,]+ \|){5} ([\d.,]+) \|/gm),
].map(([, servers = '', share = '', dollars = '']) => ({ servers, share, dollars }));

const dollarsOf = (servers: string, share: string): string => {
  const row = rows.find((one) => one.servers === servers && one.share === share);
  return `$${Math.round(Number(row?.dollars)).toString()}`;
};

const sizes = ['100', '1,000', '10,000'];

test('the page on deployment begins with what 100, 1,000 and 10,000 servers cost', async () => {
  const [first = '', second = ''] = (await readPage('deploy.md')).split('\n\n').slice(1);
  const [a, b, c] = sizes.map((servers) => dollarsOf(servers, '0'));
  const [d, e, f] = sizes.map((servers) => dollarsOf(servers, '100'));
  expect(first).toContain(
    `100 MCPServers cost about ${String(a)}, 1,000 about ${String(b)} and 10,000 about ${String(c)}, and a VPC also needs a NAT gateway for about $32`,
  );
  expect(first).toContain(
    `If all of them hang, they cost ${String(d)}, ${String(e)} and ${String(f)}.`,
  );
  expect(second).not.toContain('$');
});

test('the answer to what it costs has the same numbers', async () => {
  const [a, b, c] = sizes.map((servers) => dollarsOf(servers, '0'));
  expect(await readPage('faq.md')).toContain(
    `About ${String(a)} a month on AWS for 100 servers, ${String(b)} for 1,000 and ${String(c)} for 10,000.`,
  );
});
