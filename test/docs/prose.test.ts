import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { pageNames, readPage } from './pages.ts';

const root = new URL('../../', import.meta.url);

type Ban = {
  readonly pattern: RegExp;
  /** What to write instead. */
  readonly instead: string;
};

/**
 * Readers are engineers, many of them not native speakers: each phrase here is rarer, older or more
 * ambiguous than its replacement.
 */
const bans: readonly Ban[] = [
  { pattern: /\bmend(s|ed|ing|able)?\b/i, instead: 'fix' },
  { pattern: /\b(is|are|was|be) away\b/i, instead: 'is down, unavailable or unreachable' },
  { pattern: /\b(is|are|was) told\b/i, instead: 'shows, reports, prints or lists' },
  {
    pattern: /\btells?\b(?! (you|people|a person)\b)/i,
    instead: 'shows, reports or prints; "tell" takes a person',
  },
  {
    pattern: /\b(some|any|no)body\b/i,
    instead: 'the actor: a person, another writer, no one named',
  },
  { pattern: /\bsomebody else's\b/i, instead: "another person's" },
  { pattern: /\bwho(ever|soever)\b/i, instead: 'the actor: anyone who, the person who' },
  { pattern: /\bfront doors?\b/i, instead: 'reverse proxy or load balancer' },
  { pattern: /\b(once more|anew)\b/i, instead: 'again' },
  { pattern: /\bfor ever\b/i, instead: 'forever, or indefinitely' },
  { pattern: /\btyping errors?\b/i, instead: 'typo' },
  { pattern: /\btry(ing)? again does not\b/i, instead: 'a retry cannot fix' },
  { pattern: /\bif and only if\b/i, instead: 'only when' },
  { pattern: /\bstor(y|ies)\b/i, instead: 'flow' },
  {
    pattern: /\b(this|that|the|a|no|other|another|its|whose|one) words?\b/i,
    instead: 'value, status or text',
  },
  { pattern: /\bwords (of|to|for)\b/i, instead: 'texts, messages or values' },
  {
    pattern: /\b(a|the|your|its|this|that|our|no|without) bearers?\b(?! (challenge|token|scheme))/i,
    instead: 'token',
  },
  {
    pattern: /\bhand(s|ed|ing)? (it |them |the rest )?on\b/i,
    instead: 'queues the next page, or passes',
  },
  { pattern: /\b(own|our) trouble\b|\btrouble of (its|our) own\b/i, instead: 'prober error' },
  { pattern: /\bletter for letter\b/i, instead: 'exactly' },
  { pattern: /\bin (the )?clear\b/i, instead: 'in plain text' },
  { pattern: /\bwants (a|an|more|your) /i, instead: 'requires' },
  { pattern: /\b(comes?|came) (by|to be)\b/i, instead: 'the usual verb: returns, is created' },
  { pattern: /\bstands? (for|before|in|behind|until)\b/i, instead: 'is, holds, precedes or means' },
  {
    pattern: /, too\b(?! (large|long|many|small|short|few|old|late|big))/i,
    instead: '"also" before the verb',
  },
  {
    pattern: /\b(is|are) (too much|over)\b(?! (one|two|the|a|\d))/i,
    instead: 'unexpected; has expired or has ended',
  },
  { pattern: /\bis not good\b/i, instead: 'is invalid' },
  { pattern: /\b(goes on|go on)\b/i, instead: 'continues' },
  { pattern: /\bceas(e|es|ed)\b/i, instead: 'has stopped' },
  { pattern: /\bseldom\b/i, instead: 'rare, rarely' },
  { pattern: /\blook(s)? (into|to see)\b/i, instead: 'check' },
  { pattern: /\bSay (on|off|table|true)\b/, instead: 'Set it to ..., or Use ...' },
  { pattern: /\bmuster, serverless\b/i, instead: 'muster-serverless' },
  { pattern: /\blog(s|ged|ging)? in\b/i, instead: 'sign in; "login" is only the command' },
  {
    pattern: /\b(colour|behaviour|recognis|authoris|licence|neighbour|favour|organis|cancelled)/i,
    instead: 'US spelling',
  },
  {
    pattern: /\b(lanes?|relays?|leftovers?)\b/i,
    instead: 'shard, sweep or pages, pending change (docs/glossary.md)',
  },
];

/** Rules of word order and register that a pattern can find. */
const forms: readonly Ban[] = [
  {
    pattern: /(?<![\w-])(so|neither|nor) (is|are|was|does|do|did|has|have|can|may|will) [a-z`[]/i,
    instead: 'subject, then verb: "the explorer also does"',
  },
  {
    pattern: /(^|[.:;] )(only|not) (if|when|after|where|until) [^,.]{3,60}, (is|are|does|do|can) /i,
    instead: 'subject, then verb',
  },
  { pattern: /(^|[.:;|] )\**who [^?]*[.|]/i, instead: 'an actor: "anyone who ..."' },
  { pattern: /\btoo(?=[.;:)|]|$)/i, instead: '"also" before the verb' },
  {
    pattern: /\bone('s own| (sees|may|can|must|should|needs|would|wants|has to))\b/i,
    instead: 'you, or the person',
  },
  { pattern: /(^|[.:;|] )what(ever)? [^?.|]* (is|are) [^?]*\./i, instead: 'a noun as the subject' },
  { pattern: /\bnever mix(es|ed)?\b/i, instead: 'the fact and its exception, not an aphorism' },
  { pattern: /\bgets nothing, and\b/i, instead: 'the fact and its exception, not an aphorism' },
  { pattern: /; [a-z][^.;{|]{3,}; [a-z]/, instead: 'one thought a sentence, or a list' },
  { pattern: /\b(was|were) asked for\b|\basked for (by|in)\b/i, instead: 'requested' },
  { pattern: /\bthere (is|are) no (more|longer)\b/i, instead: 'no longer, with a subject' },
  {
    pattern: /\b(thereof|therein|hence|thus|whereby|herewith|lest|ought)\b/i,
    instead: 'so, or none',
  },
  { pattern: /\b(likewise|as well)\./i, instead: '"also" before the verb' },
  { pattern: /\bmust needs\b|\bneed not\b/i, instead: 'do not have to' },
];

/** Headings that nobody would type into a search box. */
const vagueHeading =
  /^#+ (?!.*\?$)(before|after|now|then|what(?! (to do|runs where|changes)$)|who(?! to call$)|whose|whoever|of|in|ways?|more|other things|notes?|misc)( |$)/i;

/** The product name of AWS, where AWS is not the subject. */
const functionUrl: Ban = { pattern: /\bFunction URLs?\b/, instead: 'endpoint' };
/** Texts about the choice between products of AWS. */
const aboutAws = /^(docs\/(address|deploy|decisions)\.md|infra\/|deploy\/)/;

/** Sentences that need a banned phrase, each with the reason. */
const exceptions: readonly { readonly text: string; readonly reason: string }[] = [
  { text: 'a Lambda function with a Function URL', reason: 'AWS is the subject.' },
  { text: 'On AWS it is a Lambda function with a Function URL', reason: 'AWS is the subject.' },
  {
    text: 'page instead of round, fan-out and shard instead of relay and lane, disruption instead of trouble',
    reason: 'The decision names the old terms.',
  },
];

type Text = { readonly file: string; readonly line: number; readonly text: string };

/** The lines of a page without code: fences, indented blocks and code spans. */
function linesOfPage(file: string, page: string): readonly Text[] {
  const withoutFences = page.replace(/^```[\s\S]*?^```$/gm, (fence) => fence.replace(/[^\n]/g, ''));
  return withoutFences
    .split('\n')
    .flatMap((line, index) =>
      line.startsWith('    ') || line.startsWith('<!--')
        ? []
        : [{ file, line: index + 1, text: withoutTestTitles(line).replace(/`[^`]*`/g, '`code`') }],
    );
}

/** The table of attacks names tests by their titles. */
const withoutTestTitles = (line: string): string =>
  line.replace(/`test\/[^`]+`: .+?(?=<br>| \|$)/g, '');

/**
 * The string literals of a source that have more than one word; a template has `…` for each value.
 * Comments, imports and types are left out.
 */
function literalsOf(file: string, code: string): readonly Text[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const found: Text[] = [];
  const add = (node: ts.Node, text: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    if (/[a-z,.:;…] [a-z…]/i.test(text))
      found.push({ file, line: line + 1, text: text.replace(/`[^`]*`/g, '`code`') });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isStringLiteralLike(node)) add(node, node.text);
    if (ts.isTemplateExpression(node))
      add(
        node,
        node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join(''),
      );
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const read = (file: string): Promise<string> => readFile(new URL(file, root), 'utf8');

const pages = [
  ...pageNames,
  '../README.md',
  '../CHANGELOG.md',
  '../CONTRIBUTING.md',
  '../SECURITY.md',
  '../AGENTS.md',
];
const folders = [
  'functions',
  'cli',
  'infra',
  'local',
  'site/src',
  'site/reference',
  'site/source.ts',
];
const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...folders], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

const texts = (
  await Promise.all([
    ...pages.map(async (name) => linesOfPage(`docs/${name}`, await readPage(name))),
    ...sources.map(async (file) => literalsOf(file, await read(file))),
  ])
).flat();

/** Paragraphs of the pages: a sentence may be longer than a line. */
const pageTexts = (
  await Promise.all(
    pages.map(async (name) => paragraphsOf(linesOfPage(`docs/${name}`, await readPage(name)))),
  )
).flat();

function paragraphsOf(lines: readonly Text[]): readonly Text[] {
  const paragraphs: Text[] = [];
  let isOpen = false;
  for (const { file, line, text } of lines) {
    const begins = /^(\s*([-*|#>]|\d+\.) |\|)/.test(text);
    const last = paragraphs.at(-1);
    if (text.trim() === '') isOpen = false;
    else if (isOpen && !begins && last !== undefined)
      paragraphs[paragraphs.length - 1] = { ...last, text: `${last.text} ${text.trim()}` };
    else {
      paragraphs.push({ file, line, text });
      isOpen = true;
    }
  }
  return paragraphs;
}

const withoutExceptions = (text: string): string =>
  exceptions.reduce((rest, { text: excepted }) => rest.replace(excepted, ''), text);

test.each(
  [...bans, ...forms, functionUrl].map(
    ({ pattern, instead }) => [pattern.source, instead, pattern] as const,
  ),
)('no text for people has /%s/; write: %s', (_, _instead, pattern) => {
  const found = texts
    .filter(({ file }) => pattern !== functionUrl.pattern || !aboutAws.test(file))
    .map(({ file, line, text }) => ({ at: `${file}:${line}`, text: withoutExceptions(text) }))
    .filter(({ text }) => pattern.test(text))
    .map(({ at, text }) => `${at}: ${text.trim()}`);
  expect(found).toEqual([]);
});

test('every exception is still needed', () => {
  const unused = exceptions.filter(({ text }) => !texts.some((one) => one.text.includes(text)));
  expect(unused).toEqual([]);
});

test('every heading is a noun phrase or a task', () => {
  expect(
    texts.filter(({ text }) => vagueHeading.test(text)).map(({ file, text }) => `${file}: ${text}`),
  ).toEqual([]);
});

test('messages are read from sources, without comments and imports', () => {
  const code =
    "import 'a b';\n// mend it\nconst x = `Somebody ${y} is away`;\nconst z = ['one two', 'one'];";
  expect(literalsOf('x.ts', code).map(({ text }) => text)).toEqual([
    'Somebody … is away',
    'one two',
  ]);
});

test('every decision is a heading with a context, the decision and consequences', async () => {
  const [, ...decisions] = (await readPage('decisions.md')).split(/^## /m);
  expect(decisions.length).toBeGreaterThan(50);
  const shapes = decisions.map((text) => {
    const [, ...lines] = text.trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => /^- \*\*(\w+):\*\* /.exec(line)?.[1]);
  });
  for (const shape of shapes) expect(shape).toEqual(['Context', 'Decision', 'Consequences']);
  const headings = decisions.map((text) => text.split('\n', 1).join(''));
  expect(new Set(headings).size).toBe(headings.length);
});

test('each number of an issue in the comparison is a link to it', async () => {
  const page = await readPage('comparison.md');
  expect(
    page.match(/\[#\d+\]\(https:\/\/github\.com\/[\w-]+\/[\w-]+\/(issues|pull)\/\d+\)/g)?.length,
  ).toBeGreaterThan(10);
  expect(page.match(/(?<!\[)#\d{2,}/g)).toBeNull();
  for (const [, shown, linked] of page.matchAll(/\[#(\d+)\]\(\S+\/(\d+)\)/g))
    expect(linked).toBe(shown);
});

/** Longer sentences cannot be read at once. Commands, links and code count as one word. */
const mostWords = 33;

test('no sentence of a page is longer than it can be read at once', () => {
  const long = pageTexts.flatMap(({ file, line, text }) =>
    text
      .split(/(?<=[.:?!])\s|[|]|<br>/)
      .filter((sentence) => sentence.split(/\s+/).length > mostWords)
      .map((sentence) => `${file}:${line}: ${sentence}`),
  );
  expect(long).toEqual([]);
});
