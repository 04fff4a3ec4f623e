/**
 * Runs sst.config.ts against a monitor that deploys nothing and writes down everything. Bundled by
 * `evaluate.ts`, run in a process of its own.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import { run } from '../../.sst/platform/src/auto/run';
import config from '../../sst.config.ts';
import { defined } from '../../functions/model/defined.ts';

const account = '123456789012';
const region = 'eu-central-1';
const resources: {
  type: string;
  name: string;
  inputs: unknown;
  state: unknown;
  ignoreChanges?: string[];
}[] = [];
/** By type and name: what a change of the program does not change. */
const ignored = new Map<string, string[]>();

/**
 * What AWS would give a resource: a physical name, an ARN of the right form, and what others read
 * of it.
 */
function displayState(
  type: string,
  name: string,
  inputs: Record<string, unknown>,
): Record<string, unknown> {
  const named = typeof inputs['name'] === 'string' ? inputs['name'] : autonamed(type, name);
  const arn = (service: string, rest: string): string =>
    `arn:aws:${service}:${region}:${account}:${rest}`;
  switch (type) {
    case 'aws:lambda/function:Function':
      return {
        name: named,
        arn: arn('lambda', `function:${named}`),
        invokeArn: arn('lambda', `function:${named}`),
        version: '$LATEST',
      };
    case 'aws:lambda/functionUrl:FunctionUrl':
      return { functionUrl: `https://${name.toLowerCase()}.lambda-url.${region}.on.aws/` };
    case 'aws:dynamodb/table:Table':
      return { name: named, arn: arn('dynamodb', `table/${named}`) };
    case 'aws:cloudwatch/eventBus:EventBus':
      return { name: named, arn: arn('events', `event-bus/${named}`) };
    case 'aws:cloudwatch/eventRule:EventRule':
      return { name: named, arn: arn('events', `rule/${String(inputs['eventBusName'])}/${named}`) };
    case 'aws:cloudwatch/eventApiDestination:EventApiDestination':
      return { name: named, arn: arn('events', `api-destination/${named}/0a1b2c3d`) };
    case 'aws:cloudwatch/eventConnection:EventConnection':
      return { name: named, arn: arn('events', `connection/${named}/0a1b2c3d`) };
    case 'aws:cloudwatch/logGroup:LogGroup':
      return { name: named, arn: arn('logs', `log-group:${named}`) };
    case 'aws:cloudwatch/metricAlarm:MetricAlarm':
      return { name: named, arn: arn('cloudwatch', `alarm:${named}`) };
    case 'aws:cloudwatch/compositeAlarm:CompositeAlarm':
      return { arn: arn('cloudwatch', `alarm:${String(inputs['alarmName'])}`) };
    case 'aws:sqs/queue:Queue':
      return {
        name: named,
        arn: arn('sqs', named),
        url: `https://sqs.${region}.amazonaws.com/${account}/${named}`,
      };
    case 'aws:sns/topic:Topic':
      return { name: named, arn: arn('sns', named) };
    case 'aws:scheduler/schedule:Schedule':
      return { name: named, arn: arn('scheduler', `schedule/default/${named}`) };
    case 'aws:iam/role:Role':
      return { name: named, arn: `arn:aws:iam::${account}:role/${named}` };
    case 'aws:s3/bucketV2:BucketV2':
    case 'aws:s3/bucket:Bucket': {
      const bucket = typeof inputs['bucket'] === 'string' ? inputs['bucket'] : named;
      const domain = `${bucket.toLowerCase()}.s3.${region}.amazonaws.com`;
      return { bucket, arn: `arn:aws:s3:::${bucket}`, bucketRegionalDomainName: domain };
    }
    case 'aws:cloudfront/distribution:Distribution':
      return {
        domainName: 'd111111abcdef8.cloudfront.net',
        arn: `arn:aws:cloudfront::${account}:distribution/${name}`,
      };
    case 'aws:apigatewayv2/api:Api':
      return {
        id: idOf(name),
        name: named,
        apiEndpoint: `https://${name.toLowerCase()}.execute-api.${region}.amazonaws.com`,
        executionArn: arn('execute-api', idOf(name)),
      };
    case 'aws:apigatewayv2/integration:Integration':
      return { id: idOf(name) };
    case 'aws:apigatewayv2/stage:Stage':
      return { name: named };
    case 'aws:acm/certificate:Certificate':
      return {
        arn: `arn:aws:acm:us-east-1:${account}:certificate/${name}`,
        domainValidationOptions: [
          {
            resourceRecordType: 'CNAME',
            resourceRecordName: `_check.${String(inputs['domainName'])}`,
            resourceRecordValue: '_value.acm-validations.aws',
          },
        ],
      };
    case 'pulumi-nodejs:dynamic:Resource':
      // The lookup of a hosted zone, and nothing else, has a domain.
      return 'domain' in inputs ? { zoneId: 'Z0123456789ABCDEFGHIJ' } : {};
    case 'random:index/randomBytes:RandomBytes':
      return { base64: Buffer.alloc(32).toString('base64'), hex: '00'.repeat(32) };
    default:
      return { arn: arn('other', name) };
  }
}

/** For an id that AWS makes. */
const idOf = (name: string): string => `${name}-id`;

/** As Pulumi names what the program does not name; always the same, so that runs compare. */
const autonamed = (type: string, name: string): string =>
  `${name}-${createHash('sha256').update(`${type} ${name}`).digest('hex').slice(0, 7)}`;

const answers: Readonly<
  Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>
> = {
  'aws:index/getRegion:getRegion': () => ({ region, name: region, id: region }),
  'aws:index/getPartition:getPartition': () => ({ partition: 'aws', dnsSuffix: 'amazonaws.com' }),
  'aws:index/getCallerIdentity:getCallerIdentity': () => ({
    accountId: account,
    arn: `arn:aws:iam::${account}:user/owner`,
  }),
  'aws:eks/getCluster:getCluster': ({ name }) => ({
    name,
    endpoint: `https://0123456789ABCDEF.gr7.${region}.eks.amazonaws.com`,
    certificateAuthorities: [{ data: Buffer.alloc(1100, 'c').toString('base64') }],
  }),
  'aws:iam/getPolicyDocument:getPolicyDocument': (inputs) => ({
    ...inputs,
    json: JSON.stringify(policyDocument(inputs)),
  }),
};

type Statement = {
  effect?: string;
  actions?: string[];
  resources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  conditions?: { test: string; variable: string; values: string[] }[];
};

/** As the provider prints it. */
function policyDocument(inputs: { statements?: Statement[] }): object {
  return {
    Version: '2012-10-17',
    Statement: (inputs.statements ?? []).map(
      ({ effect = 'Allow', actions, resources, principals, conditions = [] }) =>
        defined({
          Effect: effect,
          Action: actions,
          Resource: resources,
          Principal: principals
            ? Object.fromEntries(principals.map(({ type, identifiers }) => [type, identifiers]))
            : undefined,
          Condition:
            conditions.length > 0
              ? Object.fromEntries(
                  conditions.map(({ test, variable, values }) => [test, { [variable]: values }]),
                )
              : undefined,
        }),
    ),
  };
}

const secretMark = '4dabf18193072939515e22adb298388d';

/** Pulumi marks secrets and assets by a key of its own; what is compared here are the values. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (secretMark in value) return 'value' in value ? plain(value.value) : { ...value };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function leave(result: object): never {
  writeFileSync(process.argv[2] ?? '', JSON.stringify(result));
  process.exit(0);
}

const failed = (problems: readonly string[]): never => leave({ kind: 'failed', problems });
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const problems: string[] = [];
// What fails inside apply() ends up here and nowhere else, and keeps the others waiting for ever.
process.on('unhandledRejection', (error) => {
  problems.push(messageOf(error));
  setTimeout(() => failed(problems), 200);
});

await pulumi.runtime.setMocks(
  {
    newResource: async ({ type, name, inputs, id }) => {
      const { source } = inputs;
      // The path of an archive or a file is a promise.
      const file = pulumi.asset.Archive.isInstance(source) || pulumi.asset.Asset.isInstance(source);
      const path = file && 'path' in source ? { source: { path: await source.path } } : {};
      const values = { ...(plain(inputs) as Record<string, unknown>), ...path };
      const given = displayState(type, name, values);
      const ignoreChanges = ignored.get(`${type} ${name}`);
      resources.push({ type, name, inputs: values, state: given, ...defined({ ignoreChanges }) });
      return { id: id || idOf(name), state: { ...values, ...given } };
    },
    call: ({ token, inputs }) => {
      const answer = answers[token];
      if (answer === undefined)
        throw new Error(
          `The stack asks for ${token}, which has no answer in test/stack/program.ts.`,
        );
      return answer(plain(inputs) as Record<string, unknown>);
    },
  },
  'muster',
  $app.stage,
  false,
);
// The mocks do not see the options of a resource.
const monitor = pulumi.runtime.getMonitor();
if (monitor === undefined) throw new Error('The mocks have no monitor.');
const register = monitor.registerResource;
type Request = { toObject(): { type: string; name: string; ignorechangesList: string[] } };
Object.assign(monitor, {
  registerResource: (request: Request, ...others: readonly unknown[]): unknown => {
    const { type, name, ignorechangesList } = request.toObject();
    ignored.set(`${type} ${name}`, ignorechangesList);
    return Reflect.apply(register, monitor, [request, ...others]);
  },
});
try {
  const outputs = await pulumi.runtime.runInPulumiStack(async () => run(async () => config.run()));
  const resolved = await new Promise((done) => pulumi.output(outputs).apply(done));
  await pulumi.runtime.disconnect();
  if (problems.length > 0) failed(problems);
  leave({ kind: 'deployed', resources, outputs: plain(resolved) });
} catch (error) {
  failed([...problems, messageOf(error)]);
}
