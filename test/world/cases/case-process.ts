/**
 * A process of its own with every server of the fault world. Started by `startCaseWorld`, which
 * gets the cases through IPC.
 */
import { createServer } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { createAuthority } from '../../../local/certificates.ts';
import { defined } from '../../../functions/model/defined.ts';
import { listen } from '../../../local/listen.ts';
import { type DnsZone, startDns } from '../dns-faults.ts';
import { startFaultWorld } from '../fault-world.ts';
import { scriptedServer, type Script } from '../scripted-server.ts';
import { startSlowListener } from '../slow-listener.ts';
import { startTlsFaults } from '../tls-faults.ts';
import { answerRows } from './answer-rows.ts';
import { hasIPv6, listenOnBoth } from './both-families.ts';
import { caseZone, nameFor, nameRows, silentAddress } from './case-names.ts';
import {
  type CaseWorld,
  type FaultCase,
  type Preparation,
  type Right,
  type Row,
  rightOf,
} from './fault-case.ts';
import { asksForSignIn } from './mcp-answer.ts';
import { requestRows, signRows } from './request-rows.ts';
import { tlsRows } from './tls-rows.ts';
import { type Prepare, timeCases } from './time-cases.ts';
import { transportCases, transportHosts } from './transport-cases.ts';
import { urlCases } from './url-cases.ts';

const hourMs = 3_600_000;
const authority = await createAuthority();
const valid = await authority.issue({ hosts: transportHosts });
const expired = await authority.issue({
  hosts: transportHosts,
  notBefore: new Date(Date.now() - 2 * hourMs),
  notAfter: new Date(Date.now() - hourMs),
});

let zone: DnsZone = caseZone;
const dns = await startDns(zone, Number(process.env['CASES_DNS_PORT'] ?? 0));
const setName = (name: string, answers: DnsZone[string]): void => {
  zone = { ...zone, [name]: answers };
  dns.change(zone);
};

const cases: FaultCase[] = [];
const put = (one: FaultCase): void => void cases.push(one);

/** Pieces of a message without which a person would look in the wrong place. */
const wordsFor: Readonly<Record<string, string>> = {
  'redirect to a port without a server': 'redirects to',
  'a client certificate, TLSv1.2': 'requires a client certificate',
  'a client certificate, TLSv1.3': 'requires a client certificate',
  'RSA of 1024 bits': 'cannot be trusted',
};

const ofRows = (
  area: FaultCase['area'],
  rows: readonly Row[],
  urls: Readonly<Record<string, string>>,
): void => {
  for (const [name, verdict, source] of rows)
    put(
      defined({
        area,
        name,
        server: { url: urls[name] ?? `no server is called ${name}` },
        right: defined({ ...rightOf(verdict), says: wordsFor[name] }),
        source,
      }),
    );
};
const faults = await startFaultWorld();
ofRows('answers', answerRows, faults.urls);
const tls = await startTlsFaults();
ofRows('tls', tlsRows, tls.urls);

const asking = await listenOnBoth(() => createServer(asksForSignIn));
await startSlowListener(silentAddress, asking);
for (const [what, { AAAA }, verdict, source] of nameRows) {
  if (!hasIPv6 && AAAA?.addresses?.includes('::1') === true) continue;
  const url = `http://${nameFor(what)}:${asking}/mcp`;
  put(
    defined({
      area: 'names',
      name: what,
      server: { url },
      right: rightOf(verdict),
      source,
    }),
  );
}
const away = await listen(createTcp());
await away.close();
put({
  area: 'names',
  name: 'our own name server is away',
  server: { url: 'http://four.mcp.test/mcp' },
  right: rightOf('undecided'),
  resolver: new URL(away.url).host,
});

const request = async (name: string, script: Script, right: Right): Promise<void> => {
  const { url } = await scriptedServer(script);
  put({ area: 'requests', name, server: { url }, right });
};
for (const [name, script, verdict] of requestRows) await request(name, script, rightOf(verdict));
for (const [name, script, authRequired, speaksMcp] of signRows)
  await request(`POST: ${name}`, script, {
    verdict: 'connected',
    ...(authRequired === undefined ? {} : { authRequired }),
    ...(speaksMcp === undefined ? {} : { speaksMcp }),
  });

for (const one of await transportCases(valid)) put(one);
for (const one of await urlCases(valid)) put(one);
const prepares = new Map<string, Prepare>();
for (const { faultCase, prepare } of await timeCases({ setName, valid, expired })) {
  put(faultCase);
  if (prepare !== undefined) prepares.set(faultCase.name, prepare);
}

process.on('message', ({ prepare, turn }: Preparation) => {
  void Promise.resolve(prepares.get(prepare)?.(turn)).then(() =>
    process.send?.({ prepared: prepare }),
  );
});
process.once('disconnect', () => {
  void faults.end().finally(() => process.exit());
});
const world: CaseWorld = {
  cases,
  resolver: dns.server,
  caPem: [authority.caPem, faults.caPem, tls.caPem].join('\n'),
};
process.send?.(world);
