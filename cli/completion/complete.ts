import { setTimeout as wait } from 'node:timers/promises';
import { defined } from '../../functions/model/defined.ts';
import { namesAmong } from '../../functions/model/mcpserver.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { listServers } from '../api/mcpservers.ts';
import { limitRequests } from '../api/request-timeout.ts';
import type { Surroundings } from '../token-store/config-folder.ts';
import { endpointOf } from '../endpoint/endpoint.ts';
import { isFresh } from '../token-store/refresh-tokens.ts';
import { bearerOf, readTokens } from '../token-store/token-files.ts';
import { readEndpoints } from '../endpoint/trusted-endpoints.ts';
import { type Candidate, type Completion, completionOf } from './candidates.ts';

/** A person who presses TAB waits no longer. */
const patienceMs = 300;
const longestCandidate = 300;

/**
 * What `muster __complete WORD... .WORD` prints: a candidate a line, and what it is after a tab.
 * Nothing where something fails, takes longer than 300 ms, or needs a sign-in. It never refreshes a
 * sign-in: whoever is cut off half-way could lose it.
 */
export async function complete(
  words: readonly string[],
  environment: Surroundings,
): Promise<string> {
  const word = words.at(-1)?.slice(1) ?? '';
  const candidates = await Promise.race([
    candidatesFor(completionOf(words.slice(0, -1), word), environment),
    wait(patienceMs, [], { ref: false }),
  ]).catch(() => []);
  return candidates
    .filter(({ text }) => text.startsWith(word))
    .map(({ text, about }) =>
      [text, ...(about === undefined ? [] : [about])]
        .map((part) => oneLine(part, longestCandidate))
        .join('\t'),
    )
    .map((line) => `${line}\n`)
    .join('');
}

async function candidatesFor(
  completion: Completion,
  environment: Surroundings,
): Promise<readonly Candidate[]> {
  switch (completion.kind) {
    case 'candidates':
      return completion.candidates;
    case 'contexts': {
      const { endpoints } = await readEndpoints(environment, silent);
      return offered(
        endpoints.flatMap(({ name, endpoint }) =>
          name === undefined ? [] : [{ text: name, about: endpoint }],
        ),
        completion,
      );
    }
    case 'namespaces': {
      const rows = await rowsFor(completion, environment);
      return offered(
        [...new Set(rows.map(({ namespace }) => namespace))].map((text) => ({ text })),
        completion,
      );
    }
    case 'servers': {
      const rows = await rowsFor(completion, environment, completion.option('namespace'));
      const nameOf = namesAmong(rows);
      return offered(
        rows.map((row) => ({ text: nameOf(row), about: row.state ?? 'never probed' })),
        completion,
      );
    }
  }
}

type LookedUp = Exclude<Completion, { kind: 'candidates' }>;

const offered = (
  candidates: readonly Candidate[],
  { before, given }: LookedUp,
): readonly Candidate[] =>
  candidates
    .filter(({ text }) => !given.includes(text))
    .map(({ text, about }) => defined({ text: `${before}${text}`, about }));

async function rowsFor({ option }: LookedUp, environment: Surroundings, namespace?: string) {
  limitRequests(patienceMs);
  const endpoint = await endpointOf({ option, environment, info: silent });
  const tokens = await readTokens(endpoint, environment, silent);
  const bearer =
    tokens !== undefined && isFresh(tokens, new Date()) ? { bearer: bearerOf(tokens) } : {};
  const { rows } = await listServers({ endpoint, ...bearer }, { namespace, withConditions: false });
  return rows;
}

const silent = (): void => undefined;
