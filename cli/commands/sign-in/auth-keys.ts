import type { Keys } from '../../../functions/model/wire/person-wire.ts';
import { isKeys } from '../../api/guards.ts';
import { type Connection, notOurs } from '../../api/mcpservers.ts';
import { NoMachineKey } from '../../api/proven-request.ts';
import { authorizedRequest } from '../../api/authorized-exchange.ts';
import { connectAsPerson } from '../../auth/connect.ts';
import { removeKey } from '../../auth/enroll-key.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { fromNow } from '../../output/table.ts';
import { textTable } from '../../output/text-table.ts';
import { isStructured, structured } from '../../output/yaml.ts';

type Key = Keys['items'][number];

/** `muster auth keys`: lists the keys of the person's machines, or removes one of them. */
export async function keys(context: CommandContext): Promise<ExitCode> {
  const connection = await connectAsPerson(context);
  const given = context.option('remove');
  if (given !== undefined) return remove(context, connection, given);
  const items = await listKeys(connection);
  const format = context.option('output');
  const own = connection.signer?.thumbprint;
  context.print(
    isStructured(format)
      ? structured(
          { items: items.map((key) => ({ ...key, thisMachine: key.thumbprint === own })) },
          format,
        )
      : keysText(items, own, context.now()),
  );
  if (items.length === 0) context.info('You have no registered keys.');
  return exitCodes.done;
}

/** All keys of the person, the most recently used first. */
export async function listKeys(connection: Connection): Promise<readonly Key[]> {
  const { endpoint } = connection;
  const answer = await authorizedRequest(connection, {
    method: 'GET',
    url: `${endpoint}/v1/me/keys`,
  });
  if (!isKeys(answer)) throw notOurs(endpoint);
  return answer.items;
}

async function remove(
  { info }: CommandContext,
  connection: Connection,
  given: string,
): Promise<ExitCode> {
  if (connection.signer === undefined) throw new NoMachineKey(connection.variable);
  const found = (await listKeys(connection)).filter(({ thumbprint }) =>
    thumbprint.startsWith(given),
  );
  const [key, second] = found;
  if (key === undefined)
    throw new CliError(`You have no key ${given}.`, { hint: 'Run: muster auth keys' });
  if (second !== undefined)
    throw new CliError(`${given} is ambiguous: ${found.map(nameOf).join(', ')}.`, {
      hint: 'Use more characters of the key. To see all of them, run: muster auth keys -o json',
    });
  if (key.thumbprint === connection.signer.thumbprint)
    throw new CliError(`${nameOf(key)} is the key of this machine.`, {
      hint: 'To sign out of muster on this machine, run: muster auth logout',
    });
  await removeKey(connection, key.thumbprint);
  info(`Removed the key ${nameOf(key)}. Its machine can only read until it signs in again.`);
  return exitCodes.done;
}

function keysText(items: readonly Key[], own: string | undefined, now: Date): string {
  if (items.length === 0) return '';
  return textTable([
    ['KEY', 'CREATED', 'LAST USED', ''],
    ...items.map((key) => [
      nameOf(key),
      fromNow(new Date(key.createdAt), now),
      fromNow(new Date(key.lastUsedAt), now),
      key.thumbprint === own ? 'this machine' : '',
    ]),
  ]);
}

/** Enough of a thumbprint to tell twenty keys apart. */
const nameOf = ({ thumbprint }: Key): string => thumbprint.slice(0, 12);
