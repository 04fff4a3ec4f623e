/**
 * How the search of the site ranks: the options of Pagefind, pages that weigh less, and the words
 * by which people look for a page. The site and `test/browser/search.test.ts` use the same.
 */
import { namedReasons, type ReasonName, reasonSlug } from '../functions/model/reason-facts.ts';
import { wordsOf } from './reference/reason-words.ts';

/** https://pagefind.app/docs/ranking/ */
export const ranking = {
  pageLength: 0.1,
  termFrequency: 0.1,
  termSaturation: 2,
  termSimilarity: 9,
  diacriticSimilarity: 0.8,
  metaWeights: { title: 1, topics: 20, keywords: 10 },
};

/** Pages for contributors, and those that repeat what another page explains. */
const lighter: Readonly<Record<string, number>> = {
  decisions: 0.2,
  contributing: 0.2,
  dependencies: 0.2,
  comparison: 0.3,
  performance: 0.3,
  'reference/glossary': 0.3,
};

/** The weight of the text of a page, by its id. 1 is that of all others. */
export const textWeight = (id: string): number =>
  lighter[id] ?? (/^(problems|sign-in)\//.test(id) ? 0.5 : 1);

/** What a page is the first answer to, although its title says it in other words. */
const pageTopics: Readonly<Record<string, readonly string[]>> = {
  index: ['how do I add a server'],
  'first-server': ['how do I add a server'],
  install: ['how do I install', 'uninstall', 'upgrade'],
  'state-and-session': ['connected', 'connecting', 'failed', 'authenticated', 'pending auth'],
  'single-sign-on': ['sso'],
  sessions: ['how do I sign in', 'how do I sign out', 'muster auth login'],
  'one-server': ['muster events'],
  list: ['muster auth status'],
  clients: ['muster auth token'],
  'live-page': ['live page'],
  operate: ['logs', 'alarms'],
  troubleshoot: ['a sign-in fails'],
  migrate: ['giantswarm'],
  comparison: ['giantswarm'],
  'reasons/responded': ['responded'],
  'reasons/timeout': ['timeout'],
  'reasons/redirected': ['redirect', 'redirected'],
  'reasons/invalid-spec': ['invalid url'],
  'reasons/tls-expired': ['certificate expired'],
};

/** What people type who look for a page, where its title does not say it. By the id of the page. */
const pageWords: Readonly<Record<string, readonly string[]>> = {
  index: ['quick start', 'try it', 'add a server', 'get started'],
  'state-and-session': [
    'expired',
    'dash',
    'SESSION column missing',
    'retry',
    'backoff',
    'how often is it checked',
    'up or down',
  ],
  kubernetes: [
    'kubectl',
    'rbac',
    'install',
    'uninstall',
    'crd',
    'access review',
    'eks',
    'add a server',
  ],
  deploy: [
    'install on aws',
    'uninstall',
    'remove',
    'upgrade',
    'update',
    'lambda',
    'eks',
    'okta',
    'keycloak',
    'dex',
    'entra id',
    'cognito',
    'google',
    'github',
    'slack',
    'dynamodb',
  ],
  install: [
    'install',
    'uninstall',
    'remove',
    'upgrade',
    'windows',
    'mac',
    'linux',
    'cost',
    'price',
  ],
  'first-server': ['add a server', 'first server', 'new server', 'register a server'],
  'single-sign-on': [
    'sso',
    'single sign-on',
    'forwarding',
    'token exchange',
    'okta',
    'keycloak',
    'dex',
    'entra id',
    'cognito',
  ],
  'registered-clients': ['github', 'google', 'slack', 'entra id', 'client id', 'client secret'],
  migrate: ['giantswarm', 'migration', 'coexistence', 'upstream muster'],
  runbook: ['on-call', 'incident', 'outage', 'which server is down', 'pager'],
  faq: ['questions', 'faq'],
  list: [
    'muster list',
    'muster get',
    'muster context',
    'which server is down',
    'watch',
    'filter',
    'stale',
  ],
  'one-server': [
    'muster describe',
    'muster check',
    'muster events',
    'muster wait',
    'history of changes',
    'wait for a server',
  ],
  sessions: [
    'sign in',
    'sign out',
    'muster auth login',
    'muster auth logout',
    'muster auth keys',
    'sso',
    'single sign-on',
    'token exchange',
    'refresh token',
    'pkce',
  ],
  clients: [
    'snippet',
    'cursor',
    'claude',
    'vs code',
    'codex',
    'gemini',
    'muster connect',
    'mcp.json',
  ],
  scripts: ['exit codes', 'exit code 4', 'ci', 'jq', 'json output', 'bash'],
  troubleshoot: [
    'error texts',
    'server works for me',
    'session column missing',
    'stale',
    'invalid_client',
    'help',
  ],
  operate: [
    'cost',
    'price',
    'prometheus',
    'grafana',
    'metrics',
    'alarms',
    'logs',
    'cloudwatch',
    'monitoring',
    'webhook',
    'eventbridge',
    'notifications',
    'rate limits',
  ],
  security: ['ssrf', 'guard', 'encryption', 'threat model', 'proxy'],
  'how-it-works': ['sweep', 'architecture', 'how often'],
  terminal: [
    'completion',
    'windows',
    'colors',
    'muster completion',
    'muster version',
    'bash',
    'zsh',
    'fish',
  ],
  glossary: ['heartbeat', 'backoff', 'sweep', 'tick', 'guard', 'grant', 'prober'],
  performance: ['benchmark', 'speed', 'latency', 'throughput', 'memory'],
  comparison: ['mcp-remote', 'giantswarm', 'alternatives', 'blackbox exporter'],
  changelog: ['changelog', 'release notes', 'what is new', 'versions'],
  'reference/cli': ['commands', 'flags', 'muster version', 'muster help'],
  'reference/settings': ['settings', 'environment variables', 'configuration'],
  'reference/mcpserver': ['crd', 'spec.url', 'spec.auth', 'custom resource', 'fields', 'yaml'],
  'reference/endpoint': ['openapi', 'rest api', 'routes', 'http api'],
};

const reasonOfPage: ReadonlyMap<string, ReasonName> = new Map(
  [...namedReasons.keys()].map((reason) => [`reasons/${reasonSlug(reason)}`, reason]),
);

/** Chrome writes NET:: before some of its codes, and people leave it out. */
function searchedWords(reason: ReasonName): readonly string[] {
  const words = wordsOf(reason);
  return [...new Set([...words, ...words.map((word) => word.replace(/^NET::/, ''))])];
}

/** What the search reads of a page beside its text, by the name of the field. */
export const searchFieldsOf = (
  id: string,
): Readonly<Record<'topics' | 'keywords', readonly string[]>> => {
  // The first page has an empty id.
  const page = id || 'index';
  const reason = reasonOfPage.get(page);
  return {
    topics: pageTopics[page] ?? [],
    keywords: reason === undefined ? (pageWords[page] ?? []) : searchedWords(reason),
  };
};
