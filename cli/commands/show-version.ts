import { defined } from '../../functions/model/defined.ts';
import { isRecord } from '../../functions/model/json.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { version } from '../../functions/model/version.ts';
import { notOurs } from '../api/mcpservers.ts';
import { request } from '../api/request.ts';
import { endpointOf } from '../endpoint/endpoint.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { isStructured, structured } from '../output/yaml.ts';

/**
 * `muster version`: of this command and of the endpoint, and what to do where they differ. The one
 * of the command is printed also when the endpoint cannot be asked.
 */
export async function showVersion(context: CommandContext): Promise<ExitCode> {
  const client = {
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
  const format = context.option('output');
  if (isStructured(format)) {
    const endpoint = context.has('client') ? undefined : await endpointVersion(context);
    context.print(structured(defined({ client, endpoint }), format));
    return exitCodes.done;
  }
  context.print(`Client:    ${version} (Node ${client.node}, ${client.platform})\n`);
  if (context.has('client')) return exitCodes.done;
  const endpoint = await endpointVersion(context);
  context.print(`Endpoint:  ${endpoint.version ?? 'unknown'} (${endpoint.url})\n`);
  const note = noteOf(endpoint.version);
  if (note !== undefined) context.info(note);
  return exitCodes.done;
}

type EndpointVersion = { readonly url: string; readonly version?: string };

async function endpointVersion(context: CommandContext): Promise<EndpointVersion> {
  const url = await endpointOf(context);
  const health = await context.waitingFor(
    `Asking ${url}`,
    request({ method: 'GET', url: `${url}/healthz` }),
  );
  if (!isRecord(health) || health['status'] !== 'ok') throw notOurs(url);
  const own = health['version'];
  return defined({ url, version: typeof own === 'string' ? oneLine(own, 60) : undefined });
}

/** Undefined where both are of one release. An endpoint before 0.1.0 had no version. */
function noteOf(endpoint: string | undefined): string | undefined {
  if (endpoint === version) return undefined;
  if (endpoint !== undefined && compared(endpoint, version) > 0)
    return `The endpoint is newer than this muster. Install muster ${endpoint}.`;
  const older = `The endpoint is older than this muster. Ask its owner to deploy ${version}`;
  return endpoint === undefined ? `${older}.` : `${older}, or install muster ${endpoint}.`;
}

/** By numbers, part for part. */
function compared(a: string, b: string): number {
  const [left, right] = [a, b].map((text) =>
    text.split('.').map((part) => parseInt(part, 10) || 0),
  );
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
