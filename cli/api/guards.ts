/**
 * Whether a response is what wire.ts declares, as far as the commands rely on it. The schemas of
 * wire.ts check more, but cost every start of the command 7 ms of 40 (measured); the tests of the
 * routes check every response against them.
 */
import type {
  Check,
  Config,
  Keys,
  List,
  Row,
  SessionAnswer,
  SignInStarted,
} from '../../functions/model/wire.ts';
import { isRecord } from '../../functions/model/json.ts';

export const isList = (body: unknown): body is List =>
  isRecord(body) && isListOf(body['items'], isRow) && isListOf(body['problems'], isRecord);

export const isRow = (body: unknown): body is Row =>
  isRecord(body) &&
  hasTexts(body, 'namespace', 'name', 'uid', 'type') &&
  isListOf(
    body['conditions'],
    (condition) =>
      isRecord(condition) && hasTexts(condition, 'type', 'status', 'reason', 'lastTransitionTime'),
  ) &&
  (body['session'] === undefined || isSession(body['session']));

export const isCheck = (body: unknown): body is Check =>
  isRecord(body) &&
  hasTexts(body, 'namespace', 'name', 'observed', 'reason', 'message', 'authRequired') &&
  isListOf(body['stages'], (stage) => isRecord(stage) && typeof stage['ms'] === 'number');

export const isConfig = (body: unknown): body is Config =>
  isRecord(body) &&
  hasTexts(body, 'issuer', 'clientId') &&
  isListOf(body['scopes'], (scope) => typeof scope === 'string');

export const isSignInStarted = (body: unknown): body is SignInStarted =>
  isRecord(body) && hasTexts(body, 'authorizationUrl');

export const isSessionAnswer = (body: unknown): body is SessionAnswer =>
  isRecord(body) && hasTexts(body, 'namespace', 'name') && isSession(body['session']);

export const isKeys = (body: unknown): body is Keys =>
  isRecord(body) &&
  isListOf(
    body['items'],
    (key) => isRecord(key) && hasTexts(key, 'thumbprint', 'createdAt', 'lastUsedAt'),
  );

const isSession = (value: unknown): boolean => isRecord(value) && hasTexts(value, 'status');

const hasTexts = (
  record: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): boolean => names.every((name) => typeof record[name] === 'string');

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);
