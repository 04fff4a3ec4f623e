import type { IncomingMessage } from 'node:http';
import type { Access, AccessKeeper } from './server-access.ts';
import type { ServerClient, ServerRequest } from './server-request.ts';

/** A request as the person: its address and token are those of the access it is made for. */
export type PersonRequest = Omit<ServerRequest, 'url' | 'token'> & {
  /** Another address than that of the server, on the same origin. */
  readonly at?: (access: Access) => URL;
};

export type SendAsPerson = (request: PersonRequest) => Promise<IncomingMessage>;

/**
 * Sends with the person's token. A token that the server refuses is renewed once, and the request
 * sent again: the server has said that it did nothing (RFC 6750, section 3.1). Throws `BridgeError`
 * where there is no access, or no answer.
 */
export function personRequests(access: AccessKeeper, client: ServerClient): SendAsPerson {
  return async ({ at = ({ url }) => url, ...request }) => {
    const send = ({ token, ...to }: Access) => client.send({ ...request, url: at(to), token });
    const first = await access.current();
    const answer = await send(first);
    if (answer.statusCode !== 401) return answer;
    answer.resume();
    const second = await access.renew(first);
    const again = await send(second);
    if (again.statusCode !== 401) return again;
    again.resume();
    throw await access.refusedAgain(second);
  };
}
