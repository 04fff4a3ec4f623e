/**
 * Whether a response is what wire.ts declares, as far as the commands rely on it. The schemas of
 * wire.ts check more, but cost every start of the command 7 ms of 40 (measured); the tests of the
 * routes check every response against them.
 */
import type { Check, SignInCheck } from '../../functions/model/wire/check-wire.ts';
import type { Config, Keys } from '../../functions/model/wire/person-wire.ts';
import type { Changes, ExplainedRow, List, Row } from '../../functions/model/wire/server-wire.ts';
import type {
  SessionAnswer,
  SignedOut,
  SignInStarted,
} from '../../functions/model/wire/session-wire.ts';
import { isRecord } from '../../functions/model/json.ts';

export const isList = (body: unknown): body is List =>
  isRecord(body) &&
  isListOf(body['items'], isRow) &&
  isListOf(
    body['problems'],
    (problem) => isRecord(problem) && isNamed(problem) && hasTexts(problem, 'message'),
  ) &&
  hasTextsIfAny(body, 'continue', 'sweptAt') &&
  (body['reasonPages'] === undefined ||
    (isRecord(body['reasonPages']) && Object.values(body['reasonPages']).every(isText)));

export const isRow = (body: unknown): body is Row =>
  isRecord(body) &&
  isNamed(body) &&
  hasTexts(body, 'uid', 'type') &&
  hasTextsIfAny(body, 'state', 'reason', 'url', 'singleSignOn', 'since') &&
  isListOf(
    body['conditions'],
    (condition) =>
      isRecord(condition) && hasTexts(condition, 'type', 'status', 'reason', 'lastTransitionTime'),
  ) &&
  (body['session'] === undefined || isSession(body['session']));

export const isExplainedRow = (body: unknown): body is ExplainedRow =>
  isRecord(body) &&
  (body['explained'] === undefined || isExplained(body['explained'])) &&
  isRow(body);

const isExplained = (value: unknown): boolean =>
  isRecord(value) &&
  hasTexts(value, 'means') &&
  hasTextsIfAny(value, 'page') &&
  isListOf(value['hints'], isText);

export const isCheck = (body: unknown): body is Check =>
  isRecord(body) &&
  isNamed(body) &&
  hasTexts(body, 'observed', 'reason', 'message', 'authRequired') &&
  hasTextsIfAny(
    body,
    ...(['state', 'via', 'speaksMcp', 'failedPart', 'since', 'lastConnected'] as const),
    ...(['certificateExpiresAt', 'warning', 'hint', 'page'] as const),
  ) &&
  (body['hop'] === undefined || (isRecord(body['hop']) && hasTexts(body['hop'], 'from', 'to'))) &&
  typeof body['consecutiveFailures'] === 'number' &&
  isListOf(
    body['stages'],
    (stage) => isRecord(stage) && hasTexts(stage, 'stage') && typeof stage['ms'] === 'number',
  );

export const isChanges = (body: unknown): body is Changes =>
  isRecord(body) &&
  isListOf(
    body['items'],
    (change) =>
      isRecord(change) &&
      hasTexts(change, 'at', 'to', 'reason') &&
      !Number.isNaN(Date.parse(String(change['at']))) &&
      hasTextsIfAny(change, 'from', 'message'),
  );

export const isSignInCheck = (body: unknown): body is SignInCheck =>
  isRecord(body) &&
  typeof body['possible'] === 'boolean' &&
  isListOf(
    body['links'],
    (link) =>
      isRecord(link) &&
      hasTexts(link, 'link', 'finding', 'status', 'message', 'page') &&
      hasTextsIfAny(link, 'fixedBy', 'fix') &&
      (link['details'] === undefined ||
        isListOf(
          link['details'],
          (detail) => isRecord(detail) && hasTexts(detail, 'name', 'value'),
        )),
  );

export const isConfig = (body: unknown): body is Config =>
  isRecord(body) &&
  hasTexts(body, 'issuer', 'clientId') &&
  hasTextsIfAny(body, 'resource', 'redirect', 'publicClientSecret') &&
  isListOf(body['scopes'], isText) &&
  (body['optionalScopes'] === undefined || isListOf(body['optionalScopes'], isText)) &&
  (body['parameters'] === undefined ||
    (isRecord(body['parameters']) && Object.values(body['parameters']).every(isText))) &&
  (body['audienceScopes'] === undefined || isListOf(body['audienceScopes'], isText));

export const isSignInStarted = (body: unknown): body is SignInStarted =>
  isRecord(body) && hasTexts(body, 'authorizationUrl');

export const isSessionAnswer = (body: unknown): body is SessionAnswer =>
  isRecord(body) && isNamed(body) && isSession(body['session']) && isSignedOut(body);

/** Also the empty answer of an older endpoint. */
export const isSignedOut = (body: unknown): body is SignedOut =>
  isRecord(body) && (body['inUse'] === undefined || isEnd(body['inUse']));

const isEnd = (value: unknown): boolean =>
  isRecord(value) &&
  (value['until'] === undefined ||
    (isText(value['until']) && !Number.isNaN(Date.parse(value['until']))));

const isSession = (value: unknown): boolean =>
  isRecord(value) &&
  hasTexts(value, 'status') &&
  hasTextsIfAny(value, 'sso', 'issuer', 'message', 'hint', 'expiresAt', 'lastVerified') &&
  (value['lastUsed'] === undefined ||
    (isRecord(value['lastUsed']) &&
      hasTexts(value['lastUsed'], 'at') &&
      typeof value['lastUsed']['machines'] === 'number')) &&
  ['scopes', 'missingScopes'].every(
    (name) => value[name] === undefined || isListOf(value[name], isText),
  );

const isText = (value: unknown): value is string => typeof value === 'string';

/**
 * Whether it has the names that Kubernetes gives to objects (RFC 1123): they are shown, and people
 * copy them into commands.
 */
const isNamed = ({ namespace, name }: Readonly<Record<string, unknown>>): boolean =>
  [namespace, name].every((part) => isText(part) && isObjectName(part));

export const isObjectName = (text: string): boolean => text.length <= 253 && objectName.test(text);

/** A counted repetition takes half as long again, and a list has thousands of names. */
const objectName = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

export const isKeys = (body: unknown): body is Keys =>
  isRecord(body) &&
  isListOf(
    body['items'],
    (key) => isRecord(key) && hasTexts(key, 'thumbprint', 'createdAt', 'lastUsedAt'),
  );

const hasTexts = (
  record: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): boolean => names.every((name) => typeof record[name] === 'string');

const hasTextsIfAny = (
  record: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): boolean => names.every((name) => record[name] === undefined || typeof record[name] === 'string');

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);
