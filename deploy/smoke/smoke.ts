/** `npm run smoke -- --stage STAGE`: whether a deployment works, by the journey of a person. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defined } from '../../functions/model/defined.ts';
import { messageOf } from '../../functions/model/error-message.ts';
import { readDeployment, StageError } from '../environment.ts';
import { deployedEndpoint } from './deployed-endpoint.ts';
import { journey } from './journey.ts';
import { musterCommand } from './muster-command.ts';
import { runJourney } from './run-journey.ts';
import { resultText, summaryText } from './smoke-report.ts';

const muster = fileURLToPath(new URL('../../dist/muster.cjs', import.meta.url));

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Gives the exit code. */
async function smoke(): Promise<number> {
  const { stage, rest } = readDeployment(process.argv.slice(2));
  const { values } = parseArgs({
    args: [...rest],
    options: { endpoint: { type: 'string' }, server: { type: 'string' } },
  });
  const found = await deployedEndpoint(stage, values.endpoint);
  if (found.kind === 'missing') return refuse(found.message);
  if (!existsSync(muster)) return refuse('The muster command is not built. Run: npm ci');
  const { endpoint } = found;
  const configFolder = await mkdtemp(join(tmpdir(), 'muster-smoke-'));
  try {
    say(`Stage ${stage}, ${endpoint}\n`);
    const context = defined({
      command: musterCommand({ file: muster, endpoint, configFolder }),
      endpoint,
      server: values.server,
    });
    const results = await runJourney(journey, context, (result) => say(resultText(result, stage)));
    say(`\n${summaryText(results, stage)}`);
    return results.some(({ kind }) => kind === 'failed') ? 1 : 0;
  } finally {
    await rm(configFolder, { recursive: true, force: true });
  }
}

function refuse(message: string): number {
  console.error(message);
  return 1;
}

try {
  process.exitCode = await smoke();
} catch (error) {
  const isUsage = error instanceof StageError || isArgumentProblem(error);
  if (!isUsage) throw error;
  process.exitCode = refuse(messageOf(error));
}

/** `parseArgs` says what is wrong with a flag. */
function isArgumentProblem(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    'code' in error &&
    String(error.code).startsWith('ERR_PARSE_ARGS_')
  );
}
