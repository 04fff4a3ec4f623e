import * as z from 'zod/mini';
import { isRecord } from '../../model/json.ts';

const text = z.string().check(z.maxLength(2_048));
const texts = z.array(z.string());

/** The members that we read (RFC 8414, section 2), each with its type. */
const members = {
  issuer: text,
  authorization_endpoint: text,
  token_endpoint: text,
  registration_endpoint: text,
  revocation_endpoint: text,
  code_challenge_methods_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  authorization_response_iss_parameter_supported: z.boolean(),
  client_id_metadata_document_supported: z.boolean(),
} as const;

/**
 * The metadata document of an issuer with only the members that we read. One of another type counts
 * as absent: oauth4webapi and we rely on the types, and an issuer may send any. Undefined when the
 * answer is no document with an issuer.
 */
export async function tidyMetadata(response: Response): Promise<Response | undefined> {
  const body: unknown = await response.json().catch(() => undefined);
  if (!isRecord(body)) return undefined;
  const kept = Object.entries(members).filter(
    ([name, schema]) => schema.safeParse(body[name]).success,
  );
  const tidy = Object.fromEntries(kept.map(([name]) => [name, body[name]]));
  return URL.canParse(String(tidy['issuer'])) ? Response.json(tidy) : undefined;
}
