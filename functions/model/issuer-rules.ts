/** ISSUERS: what the owner knows about an issuer of MCP servers that its metadata does not say. */
import * as z from 'zod/mini';
import { signInParameters } from './authorization-parameters.ts';
import { withoutRootSlash } from './issuer-identifier.ts';
import { parseJson } from './json.ts';
import { validScopes } from './scopes.ts';

export type IssuerRule = {
  /** Its metadata lacks `code_challenge_methods_supported`, although it supports S256. */
  readonly noPkceList?: boolean;
  /** Further parameters of its authorization requests: `access_type=offline`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Scopes that each sign-in at it requests in addition. */
  readonly scopes?: readonly string[];
  /** It refuses `resource` (RFC 8707): no request has it. */
  readonly noResource?: boolean;
  /** How it exchanges tokens (RFC 8693), where that is not as at Dex. */
  readonly exchange?: ExchangeRule;
};

export type ExchangeRule = {
  /** `requiredAudiences` go as `audience` (RFC 8693, section 2.1), not as scopes. */
  readonly audience?: 'scope' | 'parameter';
  /** Type of the person's token in the request. */
  readonly subjectTokenType?: 'id_token' | 'access_token';
  /** It knows no `connector_id`, which only Dex has. */
  readonly noConnector?: boolean;
};

/** The rule for an issuer; empty where the owner gave none. */
export type IssuerRules = (issuer: string) => IssuerRule;

export const noIssuerRules: IssuerRules = () => ({});

/**
 * Those that carry the sign-in, and those of its other requests or that would replace them
 * (RFC 6749, RFC 7521, RFC 9207, RFC 9449, OpenID Connect Core 1.0).
 */
const ownParameters: ReadonlySet<string> = new Set([
  ...signInParameters,
  'claims',
  'client_assertion',
  'client_assertion_type',
  'code',
  'code_verifier',
  'dpop_jkt',
  'grant_type',
  'id_token_hint',
  'iss',
]);

const text = z.string().check(z.minLength(1), z.maxLength(1_024));

const ruleSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  noPkceList: z.exactOptional(z.boolean()),
  parameters: z.exactOptional(z.record(z.string().check(z.regex(/^[\w.-]{1,100}$/)), text)),
  scopes: z.exactOptional(z.array(text)),
  noResource: z.exactOptional(z.boolean()),
  exchange: z.exactOptional(
    z.strictObject({
      audience: z.exactOptional(z.enum(['scope', 'parameter'])),
      subjectTokenType: z.exactOptional(z.enum(['id_token', 'access_token'])),
      noConnector: z.exactOptional(z.boolean()),
    }),
  ),
});

/** The rules in the value of ISSUERS, and a sentence for each problem with it. */
export function issuerRulesIn(value: string): {
  readonly rules: IssuerRules;
  readonly problems: readonly string[];
} {
  const parsed = parseJson(value);
  if (!Array.isArray(parsed))
    return { rules: noIssuerRules, problems: ['ISSUERS is not a JSON list of objects.'] };
  const problems: string[] = [];
  const rules = new Map<string, IssuerRule>();
  for (const [index, entry] of parsed.entries()) {
    const which = `Entry ${String(index + 1)} of ISSUERS`;
    const read = ruleSchema.safeParse(entry);
    if (!read.success) {
      for (const { path, message } of read.error.issues)
        problems.push(`${which} is not valid${at(path)}: ${message.replace(/\.$/, '')}.`);
      continue;
    }
    const { issuer, ...rule } = read.data;
    for (const name of Object.keys(rule.parameters ?? {}))
      if (ownParameters.has(name.toLowerCase()))
        problems.push(`${which} has the parameter ${name}, which the sign-in sets itself.`);
    if (rule.scopes !== undefined && validScopes(rule.scopes).length < rule.scopes.length)
      problems.push(`${which} has a scope that is not valid (RFC 6749, section 3.3).`);
    if (rules.has(withoutRootSlash(issuer)))
      problems.push(`${which} is the second one for ${issuer}.`);
    rules.set(withoutRootSlash(issuer), rule);
  }
  return { rules: (issuer) => rules.get(withoutRootSlash(issuer)) ?? {}, problems };
}

const at = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? '' : ` at ${path.map(String).join('.')}`;
