/**
 * The tidy step: what an issuer says, as it means it, before oauth4webapi judges it. A member that
 * is `null`, or of a type that cannot be used, counts as absent. Sources: open-metadata/OpenMetadata
 * #30642, GluuFederation/oxAuth#1780 and the other rows of issuers that people have.
 */
import * as z from 'zod/mini';
import { isRecord, parseJson } from '../../model/json.ts';
import { oneLine, oneLineWithoutSecrets } from '../../model/outside-text.ts';
import { spanFromOutside } from '../../model/outside-time.ts';
import { decodedBody } from './decoded-body.ts';

/** Which answer it is. */
export type AnswerKind =
  | 'resourceMetadata'
  | 'issuerMetadata'
  | 'registration'
  | 'token'
  | 'revocation';

/**
 * The same answer with only the members that are read, each of a type that can be used:
 *
 * - 200, 201, 202, 203 and 204 are the one success status that the specification names.
 * - `error` under a success status becomes 400 (GitHub: 200 with `bad_refresh_token`), unless the
 *   answer has what was asked for. Beside an `error`, a challenge says nothing more: it is dropped.
 * - `token`: an `id_token` is left out, because its verifier reads it; `token_type` is Bearer where it
 *   is missing; `expires_in` that is no span is unknown; `scope` may be a list.
 * - `registration`: `client_secret_expires_at` is 0 (never) where it is missing or no number.
 * - The issuer's texts are one line, bounded, without anything that could be a secret.
 *
 * An answer that is not a JSON object stays as it is, without its encoding. Never throws for what
 * an answer holds.
 */
export async function tidyAnswer(response: Response, kind: AnswerKind): Promise<Response> {
  const { status } = response;
  const bytes = await decodedBody(response);
  const body = parseJson(new TextDecoder().decode(bytes));
  const isDone = status >= 200 && status <= 204;
  if (!isRecord(body))
    return new Response(status === 204 || status === 304 ? null : bytes, {
      status: isDone && kind === 'revocation' ? 200 : status,
      headers: kept(response, ['content-type', 'www-authenticate', 'retry-after']),
    });
  const said = errorIn(body);
  const isRefusal = said !== undefined && !hasWhatWasAsked(body, kind);
  return Response.json(isRefusal ? said : tidied(body, kind), {
    status: isDone ? (isRefusal ? 400 : successStatus[kind]) : status,
    headers: kept(response, isRefusal ? ['retry-after'] : ['www-authenticate', 'retry-after']),
  });
}

/** The ID token of a token answer, as it came; `tidyAnswer` leaves it out. */
export async function idTokenIn(response: Response): Promise<string | undefined> {
  const body = parseJson(new TextDecoder().decode(await decodedBody(response)));
  const idToken = isRecord(body) ? body['id_token'] : undefined;
  return isText(idToken) ? idToken : undefined;
}

const successStatus = {
  resourceMetadata: 200,
  issuerMetadata: 200,
  registration: 201,
  token: 200,
  revocation: 200,
} as const satisfies Record<AnswerKind, number>;

const kept = ({ headers }: Response, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

/** RFC 6749, section 5.2. */
function errorIn({ error, error_description: description }: Body): Body | undefined {
  if (typeof error !== 'string' || error === '') return undefined;
  const text = typeof description === 'string' ? oneLineWithoutSecrets(description, 300) : '';
  return {
    error: oneLine(error, 100) || 'error',
    ...(text === '' ? {} : { error_description: text }),
  };
}

type Body = Readonly<Record<string, unknown>>;

function hasWhatWasAsked(body: Body, kind: AnswerKind): boolean {
  switch (kind) {
    case 'resourceMetadata':
      return isText(body['resource']);
    case 'issuerMetadata':
      return isText(body['issuer']);
    case 'registration':
      return isText(body['client_id']);
    case 'token':
      return isText(body['access_token']);
    case 'revocation':
      return false;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function tidied(body: Body, kind: AnswerKind): Body {
  switch (kind) {
    case 'resourceMetadata':
      return membersOf(body, resourceMembers);
    case 'issuerMetadata':
      return membersOf(body, issuerMembers);
    case 'registration':
      return registrationOf(body);
    case 'token':
      return tokenOf(body);
    case 'revocation':
      return {};
  }
}

/** One member as it can be used; undefined counts as absent. */
type Reading = (value: unknown) => unknown;

/** A row of the table holds what is kept of them, with at most 2,048 characters. */
const address: Reading = (value) => (isText(value) && value.length <= 2_048 ? value : undefined);

/** A list of texts; a single text is a list of its words, and what is no text is left out. */
const texts: Reading = (value) => {
  if (typeof value === 'string') return value.split(/[\s,]+/).filter(isText);
  return Array.isArray(value) ? value.filter(isText) : undefined;
};

const flag: Reading = (value) =>
  value === true || value === 'true'
    ? true
    : value === false || value === 'false'
      ? false
      : undefined;

const text: Reading = (value) => (isText(value) ? value : undefined);

/** RFC 9728, section 2. */
const resourceMembers = {
  resource: address,
  authorization_servers: (value) => {
    const all = z.array(z.string()).safeParse(texts(value)).data ?? [];
    return all.filter((one) => address(one) !== undefined && URL.canParse(one));
  },
  scopes_supported: texts,
} as const satisfies Readonly<Record<string, Reading>>;

/** RFC 8414, section 2, and the two documents that extend it. */
const issuerMembers = {
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  registration_endpoint: address,
  revocation_endpoint: address,
  scopes_supported: texts,
  grant_types_supported: texts,
  code_challenge_methods_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  authorization_response_iss_parameter_supported: flag,
  client_id_metadata_document_supported: flag,
} as const satisfies Readonly<Record<string, Reading>>;

function membersOf(body: Body, members: Readonly<Record<string, Reading>>): Body {
  const read = Object.entries(members).map(([name, reading]) => [name, reading(body[name])]);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/** RFC 7591, section 3.2.1. The id is judged as it is. */
function registrationOf(body: Body): Body {
  const secret = text(body['client_secret']);
  const end = Number(body['client_secret_expires_at'] ?? 0);
  return withoutUndefined({
    client_id: body['client_id'] ?? undefined,
    client_secret: secret,
    client_secret_expires_at:
      secret === undefined ? undefined : Number.isFinite(end) && end > 0 ? end : 0,
    token_endpoint_auth_method: text(body['token_endpoint_auth_method']),
  });
}

/** RFC 6749, section 5.1. The token and the type of it are judged as they are. */
function tokenOf(body: Body): Body {
  const span = spanFromOutside(body['expires_in']);
  const { scope } = body;
  const words = texts(scope);
  return withoutUndefined({
    access_token: body['access_token'] ?? undefined,
    token_type: body['token_type'] === '' ? 'Bearer' : (body['token_type'] ?? 'Bearer'),
    expires_in: span === undefined ? undefined : span / 1000,
    refresh_token: text(body['refresh_token']),
    scope: Array.isArray(words) && words.length > 0 ? words.join(' ') : undefined,
    issued_token_type: text(body['issued_token_type']),
  });
}

const withoutUndefined = (body: Body): Body =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
