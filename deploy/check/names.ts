import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';
import { parseJson } from '../../functions/model/json.ts';
import { appName } from '../../functions/model/secret-names.ts';
import { awsFailure, awsOptions } from '../aws-access.ts';
import { notChecked } from './not-checked.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, warning } = findingsOf('names');

/** Whether an earlier deployment of this stage holds a lock, or has left something behind. */
export async function checkNames({ stage, environment }: Checked): Promise<readonly Finding[]> {
  if (!environment['AWS_REGION']) return [];
  try {
    const [state, made] = await Promise.all([
      readState(stage, environment),
      resourcesOf(stage, environment),
    ]);
    return judgeNames({ stage, region: environment['AWS_REGION'], state, made });
  } catch (error) {
    return [
      notChecked(error, environment, {
        subject: 'names',
        text: 'Not checked whether an earlier deployment left something',
        hint: 'For this check you need to list functions, event buses and tables, and to read the bucket of the state of SST.',
      }),
    ];
  }
}

export type Made = { readonly kind: 'function' | 'bus' | 'table'; readonly name: string };

/** What SST knows of the stage. `text` is its state, which names everything that it made. */
export type State = { readonly text?: string; readonly isLocked: boolean };

type Stage = {
  readonly stage: string;
  readonly region: string;
  readonly state: State;
  readonly made: readonly Made[];
};

export function judgeNames({ stage, region, state, made }: Stage): readonly Finding[] {
  const locked = state.isLocked
    ? [
        problem(
          `A deployment of the stage ${stage} is running, or was interrupted: the stage is locked.`,
          `Wait for it. If none is running: npx sst unlock --stage ${stage}`,
        ),
      ]
    : [];
  const { text } = state;
  const leftOver = made
    .filter(({ name }) => text?.includes(name) !== true)
    .map((one) => leftOverOf(one, stage, region));
  const rest =
    text === undefined
      ? `The stage ${stage} was not deployed before.`
      : `The stage ${stage} is deployed. A deployment updates it.`;
  return [...locked, ...leftOver, ...(locked.length + leftOver.length === 0 ? [ok(rest)] : [])];
}

function leftOverOf({ kind, name }: Made, stage: string, region: string): Finding {
  const left = `of an interrupted deployment of the stage ${stage}, and SST does not know it`;
  switch (kind) {
    case 'function':
      return problem(
        `The function ${name} is left ${left}. It may still sweep the cluster.`,
        `Delete it: aws lambda delete-function --function-name ${name} --region ${region}`,
      );
    case 'bus':
      return problem(
        `The event bus ${name} is left ${left}.`,
        `Delete it: aws events delete-event-bus --name ${name} --region ${region}`,
      );
    case 'table':
      return warning(
        `The table ${name} is left ${left}. A deployment makes a new, empty one.`,
        `If nobody needs its sign-ins: aws dynamodb delete-table --table-name ${name} --region ${region}`,
      );
  }
}

const bootstrapSchema = z.object({ state: z.string() });

/** SST 4 names the bucket of its state in a parameter, and has a file for each app and stage. */
async function readState(stage: string, environment: Checked['environment']): Promise<State> {
  const ssm = new SSMClient(awsOptions(environment));
  const s3 = new S3Client({ ...awsOptions(environment), forcePathStyle: isNamed(environment) });
  try {
    const found = await ssm
      .send(new GetParameterCommand({ Name: '/sst/bootstrap' }))
      .catch(nothingThere);
    const bootstrap = bootstrapSchema.safeParse(parseJson(found?.Parameter?.Value ?? ''));
    if (!bootstrap.success) return { isLocked: false };
    const Bucket = bootstrap.data.state;
    const keyOf = (folder: string) => `${folder}/${appName}/${stage}.json`;
    const [state, lock] = await Promise.all([
      s3.send(new GetObjectCommand({ Bucket, Key: keyOf('app') })).catch(nothingThere),
      s3.send(new HeadObjectCommand({ Bucket, Key: keyOf('lock') })).catch(nothingThere),
    ]);
    return defined({
      text: await state?.Body?.transformToString(),
      isLocked: lock !== undefined,
    });
  } finally {
    ssm.destroy();
    s3.destroy();
  }
}

/** An endpoint with a name or number of its own has no host for each bucket. */
const isNamed = (environment: Checked['environment']): boolean =>
  Boolean(environment['AWS_ENDPOINT_URL']);

function nothingThere(error: unknown): undefined {
  if (awsFailure(error, {}).kind !== 'missing') throw error;
}

/** SST names what it makes for the app, the stage, the component, and eight letters by chance. */
async function resourcesOf(
  stage: string,
  environment: Checked['environment'],
): Promise<readonly Made[]> {
  const lambda = new LambdaClient(awsOptions(environment));
  const events = new EventBridgeClient(awsOptions(environment));
  const dynamo = new DynamoDBClient(awsOptions(environment));
  const isOurs = (name = ''): boolean =>
    name.startsWith(`${appName}-${stage}-`) &&
    /^[A-Z]\w*-[a-z]{8}$/.test(name.slice(`${appName}-${stage}-`.length));
  try {
    const functions = async (): Promise<readonly Made[]> => {
      const names: (string | undefined)[] = [];
      for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {}))
        names.push(...Functions.map(({ FunctionName }) => FunctionName));
      return names.filter(isOurs).map((name = '') => ({ kind: 'function', name }));
    };
    const buses = async (): Promise<readonly Made[]> => {
      const command = new ListEventBusesCommand({ NamePrefix: `${appName}-${stage}-` });
      const { EventBuses = [] } = await events.send(command);
      return EventBuses.map(({ Name }) => Name)
        .filter(isOurs)
        .map((name = '') => ({ kind: 'bus', name }));
    };
    const tables = async (): Promise<readonly Made[]> => {
      const names: string[] = [];
      for await (const { TableNames = [] } of paginateListTables({ client: dynamo }, {}))
        names.push(...TableNames);
      return names.filter(isOurs).map((name) => ({ kind: 'table', name }));
    };
    return (await Promise.all([functions(), buses(), tables()])).flat();
  } finally {
    lambda.destroy();
    events.destroy();
    dynamo.destroy();
  }
}
