/** The clients of a wild issuer: registered, registered by hand, or a metadata document. */
import { randomBytes } from 'node:crypto';
import { defined } from '../../functions/model/defined.ts';
import type { IssuerQuirks } from './issuer-quirks.ts';

export type Client = {
  readonly id: string;
  readonly secret?: string;
  readonly redirectUris: readonly string[];
  readonly authentication: string;
};

export function clientBook(quirksNow: () => IssuerQuirks, newSecret: () => string) {
  const clients = new Map<string, Client>();

  const addClient = ({
    redirectUris,
    authentication,
  }: Pick<Client, 'redirectUris' | 'authentication'>): Client => {
    const client = defined({
      id: `client-${randomBytes(6).toString('hex')}`,
      redirectUris,
      authentication,
      secret: authentication === 'none' ? undefined : newSecret(),
    });
    clients.set(client.id, client);
    return client;
  };

  /** A metadata document is its own registration; its callback is not looked up here. */
  const documentClient = (id: string): Client | undefined =>
    quirksNow().documents === 'read' && id.startsWith('https://')
      ? {
          id,
          redirectUris: [`${new URL(id).origin}/v1/oauth/callback/document`],
          authentication: 'none',
        }
      : undefined;

  function client(id: string): Client | undefined {
    const given = quirksNow().clients?.find((one) => one.id === id);
    if (given === undefined) return clients.get(id) ?? documentClient(id);
    return {
      redirectUris: [],
      authentication: given.secret === undefined ? 'none' : 'client_secret_basic',
      ...given,
    };
  }

  /** The client that this request is of, if it shows that in the way that it is registered for. */
  function clientOf(form: URLSearchParams, authorization = ''): Client | undefined {
    const [, basic] = /^Basic (.+)$/.exec(authorization) ?? [];
    const [id = '', secret] =
      basic === undefined
        ? [form.get('client_id') ?? '', form.get('client_secret') ?? undefined]
        : Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
    const way = basic === undefined ? 'client_secret_post' : 'client_secret_basic';
    const found = client(id);
    const isTheirs =
      found?.secret === secret && (secret === undefined || found?.authentication === way);
    return isTheirs ? found : undefined;
  }

  return { addClient, client, clientOf, forgetClients: () => clients.clear() };
}
