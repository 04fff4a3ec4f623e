/**
 * One mapping for each Pulumi type that the stack is made of: what CloudFormation calls it. Names
 * and ARNs come from the recording.
 */
import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';
import type { Resource } from '../stack/evaluate.ts';

type Properties = Readonly<Record<string, unknown>>;
export type Mapping = {
  /** In CloudFormation. */
  readonly type: string;
  readonly properties: (resource: Resource, all: readonly Resource[]) => Properties;
  /** Why the emulator cannot make it by CloudFormation. cfn-lint still reads it. */
  readonly notEmulated?: string;
};

/** What needs no resource in CloudFormation, by type or by its beginning, with the reason. */
export const leftOut: Readonly<Record<string, string>> = {
  'aws:cloudwatch/eventTarget:EventTarget': 'It is a part of its rule.',
  'aws:eks/accessEntry:AccessEntry':
    'It is made in EKS, which MiniStack has without access entries.',
  'aws:s3/bucketObjectv2:BucketObjectv2': 'A zip is uploaded before the stack that names it.',
  'command:local:Command': 'It runs on the machine that deploys.',
  'pulumi:': 'It is the stack itself.',
  'random:': 'Pulumi makes it and keeps it.',
  'sst:': 'It is a component of SST. What it is made of is recorded beside it.',
};

/** Every input by its own name in PascalCase, but for those that have another one. */
const renamed = (
  type: string,
  { name: nameProperty, ...names }: Readonly<Record<string, string>> = {},
): Mapping => ({
  type,
  properties: ({ inputs, state }) => ({
    ...renamedInputs(inputs, names),
    ...(nameProperty !== undefined && { [nameProperty]: nameOf(state) }),
  }),
});

function renamedInputs(
  { name: _name, ...others }: Resource['inputs'],
  names: Readonly<Record<string, string>> = {},
): Properties {
  return Object.fromEntries(
    Object.entries(others).map(([key, value]) => [names[key] ?? capital(key), pascalCase(value)]),
  );
}

/** Without a name CloudFormation would make one up, and ARNs of the recording would lead nowhere. */
function nameOf({ name }: Resource['state']): string {
  if (typeof name === 'string') return name;
  throw new Error('The recording has no name of a resource. Add it in test/stack/program.ts.');
}

const capital = (key: string): string => `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;

/** The keys of everything inside. */
function pascalCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascalCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [capital(key), pascalCase(inner)]),
  );
}

/** Pulumi takes a policy as text or as what the text says. */
const policy = z.pipe(
  z.union([z.string(), z.record(z.string(), z.unknown())]),
  z.transform((given): unknown => (typeof given === 'string' ? JSON.parse(given) : given)),
);

const roleInputs = z.object({
  assumeRolePolicy: policy,
  inlinePolicies: z.array(z.object({ name: z.string(), policy })),
  managedPolicyArns: z.optional(z.array(z.string())),
});
const functionInputs = z.looseObject({
  environment: z.object({ variables: z.record(z.string(), z.string()) }),
  s3Bucket: z.string(),
  s3Key: z.string(),
});
const tableInputs = z.looseObject({
  attributes: z.array(z.object({ name: z.string(), type: z.string() })),
  billingMode: z.string(),
  deletionProtectionEnabled: z.boolean(),
  hashKey: z.string(),
  rangeKey: z.string(),
  pointInTimeRecovery: z.object({ enabled: z.boolean() }),
  ttl: z.object({ attributeName: z.string(), enabled: z.boolean() }),
  globalSecondaryIndexes: z.tuple([]),
  localSecondaryIndexes: z.tuple([]),
});
const queuePolicyInputs = z.object({ queueUrl: z.string(), policy });
const ruleInputs = z.looseObject({ eventBusName: z.string(), eventPattern: policy });
const transformerInputs = z.object({
  inputPaths: z.record(z.string(), z.string()),
  inputTemplate: z.string(),
});
const targetInputs = z.looseObject({
  rule: z.string(),
  eventBusName: z.string(),
  targetId: z.exactOptional(z.string()),
  inputTransformer: z.exactOptional(transformerInputs),
});
const dimensions = z.record(z.string(), z.string());
const alarmInputs = z.looseObject({
  dimensions: z.optional(dimensions),
  metricQueries: z.optional(
    z.array(z.looseObject({ metric: z.optional(z.looseObject({ dimensions })) })),
  ),
});
const connectionInputs = z.strictObject({
  name: z.string(),
  description: z.string(),
  authorizationType: z.literal('API_KEY'),
  authParameters: z.object({ apiKey: z.object({ key: z.string(), value: z.string() }) }),
});

const functionOf: Mapping = {
  type: 'AWS::Lambda::Function',
  properties: ({ inputs, state }) => {
    const { environment, s3Bucket, s3Key, publish, ...others } = functionInputs.parse(inputs);
    if (publish !== false) throw new Error('A published version needs an AWS::Lambda::Version.');
    return {
      ...renamedInputs(others),
      FunctionName: nameOf(state),
      Code: { S3Bucket: s3Bucket, S3Key: s3Key },
      Environment: { Variables: environment.variables },
    };
  },
};

const roleOf: Mapping = {
  type: 'AWS::IAM::Role',
  properties: ({ inputs, state }) => {
    const { assumeRolePolicy, inlinePolicies, managedPolicyArns } = roleInputs.parse(inputs);
    return {
      RoleName: nameOf(state),
      AssumeRolePolicyDocument: assumeRolePolicy,
      Policies: inlinePolicies.map((inline) => ({
        PolicyName: inline.name,
        PolicyDocument: inline.policy,
      })),
      ...(managedPolicyArns && { ManagedPolicyArns: managedPolicyArns }),
    };
  },
};

const tableOf: Mapping = {
  type: 'AWS::DynamoDB::Table',
  properties: ({ inputs, state }) => {
    const table = tableInputs.parse(inputs);
    return {
      TableName: nameOf(state),
      BillingMode: table.billingMode,
      DeletionProtectionEnabled: table.deletionProtectionEnabled,
      AttributeDefinitions: table.attributes.map(({ name, type }) => ({
        AttributeName: name,
        AttributeType: type,
      })),
      KeySchema: [
        { AttributeName: table.hashKey, KeyType: 'HASH' },
        { AttributeName: table.rangeKey, KeyType: 'RANGE' },
      ],
      PointInTimeRecoverySpecification: {
        PointInTimeRecoveryEnabled: table.pointInTimeRecovery.enabled,
      },
      TimeToLiveSpecification: pascalCase(table.ttl),
    };
  },
};

const queuePolicyOf: Mapping = {
  type: 'AWS::SQS::QueuePolicy',
  properties: ({ inputs }) => {
    const given = queuePolicyInputs.parse(inputs);
    return { Queues: [given.queueUrl], PolicyDocument: given.policy };
  },
};

const ruleOf: Mapping = {
  type: 'AWS::Events::Rule',
  properties: ({ inputs, state }, all) => {
    const { eventPattern, ...others } = ruleInputs.parse(inputs);
    const targets = all
      .filter(({ type }) => type === 'aws:cloudwatch/eventTarget:EventTarget')
      // Without an id the provider makes one.
      .map(({ name, inputs: target }) =>
        Object.assign({ targetId: name }, targetInputs.parse(target)),
      )
      .filter(
        ({ rule, eventBusName }) => rule === nameOf(state) && eventBusName === others.eventBusName,
      )
      .map(({ rule: _rule, eventBusName: _bus, targetId, inputTransformer, ...target }) =>
        Object.assign(renamedInputs(target), { Id: targetId }, transformerOf(inputTransformer)),
      );
    return {
      ...renamedInputs(others),
      Name: nameOf(state),
      EventPattern: eventPattern,
      Targets: targets,
    };
  },
};

const transformerOf = (given: z.infer<typeof transformerInputs> | undefined): Properties =>
  given === undefined
    ? {}
    : {
        InputTransformer: {
          InputPathsMap: given.inputPaths,
          InputTemplate: given.inputTemplate,
        },
      };

const alarmOf: Mapping = {
  type: 'AWS::CloudWatch::Alarm',
  properties: ({ inputs, state }) => {
    const { dimensions: watched, metricQueries, ...others } = alarmInputs.parse(inputs);
    return defined({
      ...renamedInputs(others, { okActions: 'OKActions' }),
      AlarmName: nameOf(state),
      Dimensions: watched && listed(watched),
      Metrics: metricQueries?.map(({ metric, ...query }) =>
        defined({ ...renamedInputs(query), MetricStat: metric && metricStat(metric) }),
      ),
    });
  },
};

const listed = (given: Readonly<Record<string, string>>) =>
  Object.entries(given).map(([Name, Value]) => ({ Name, Value }));

const metricStat = ({
  dimensions: watched,
  metricName,
  namespace,
  ...others
}: { readonly dimensions: Readonly<Record<string, string>> } & Properties): Properties => ({
  ...renamedInputs(others),
  Metric: { Namespace: namespace, MetricName: metricName, Dimensions: listed(watched) },
});

const connectionOf: Mapping = {
  type: 'AWS::Events::Connection',
  notEmulated: 'MiniStack has connections, but not by CloudFormation: test/aws/alerts.test.ts.',
  properties: ({ inputs }) => {
    const { name, description, authorizationType, authParameters } = connectionInputs.parse(inputs);
    const { key, value } = authParameters.apiKey;
    return {
      Name: name,
      Description: description,
      AuthorizationType: authorizationType,
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: key, ApiKeyValue: value } },
    };
  },
};

const eventInvokeConfig = renamed('AWS::Lambda::EventInvokeConfig');

const apiOf: Mapping = {
  type: 'AWS::ApiGatewayV2::Api',
  properties: ({ inputs: { corsConfiguration: _none, ...inputs }, state }) => ({
    ...renamedInputs(inputs),
    Name: nameOf(state),
  }),
};

export const mappings: Readonly<Record<string, Mapping>> = {
  'aws:apigatewayv2/api:Api': apiOf,
  'aws:apigatewayv2/integration:Integration': renamed('AWS::ApiGatewayV2::Integration'),
  'aws:apigatewayv2/route:Route': renamed('AWS::ApiGatewayV2::Route'),
  'aws:apigatewayv2/stage:Stage': renamed('AWS::ApiGatewayV2::Stage', { name: 'StageName' }),
  'aws:cloudwatch/dashboard:Dashboard': renamed('AWS::CloudWatch::Dashboard'),
  'aws:cloudwatch/compositeAlarm:CompositeAlarm': {
    ...renamed('AWS::CloudWatch::CompositeAlarm'),
    notEmulated: 'MiniStack has no composite alarms: test/stack/alarms.test.ts evaluates them.',
    properties: ({ inputs }) => renamedInputs(inputs, { okActions: 'OKActions' }),
  },
  'aws:cloudwatch/eventApiDestination:EventApiDestination': {
    ...renamed('AWS::Events::ApiDestination', { name: 'Name' }),
    notEmulated: connectionOf.notEmulated ?? '',
  },
  'aws:cloudwatch/eventConnection:EventConnection': connectionOf,
  'aws:cloudwatch/eventBus:EventBus': renamed('AWS::Events::EventBus', { name: 'Name' }),
  'aws:cloudwatch/eventRule:EventRule': ruleOf,
  'aws:cloudwatch/logGroup:LogGroup': renamed('AWS::Logs::LogGroup', { name: 'LogGroupName' }),
  'aws:cloudwatch/metricAlarm:MetricAlarm': alarmOf,
  'aws:dynamodb/table:Table': tableOf,
  'aws:iam/role:Role': roleOf,
  'aws:lambda/function:Function': functionOf,
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': {
    ...eventInvokeConfig,
    // Pulumi leaves out the qualifier of what is not published.
    properties: (resource, all) => ({
      Qualifier: '$LATEST',
      ...eventInvokeConfig.properties(resource, all),
    }),
  },
  'aws:lambda/functionUrl:FunctionUrl': renamed('AWS::Lambda::Url', {
    functionName: 'TargetFunctionArn',
    authorizationType: 'AuthType',
  }),
  'aws:lambda/permission:Permission': renamed('AWS::Lambda::Permission', {
    function: 'FunctionName',
  }),
  'aws:scheduler/schedule:Schedule': renamed('AWS::Scheduler::Schedule', { name: 'Name' }),
  'aws:sns/topic:Topic': renamed('AWS::SNS::Topic', { name: 'TopicName' }),
  'aws:sns/topicPolicy:TopicPolicy': {
    type: 'AWS::SNS::TopicPolicy',
    properties: ({ inputs }) => {
      const given = z.object({ arn: z.string(), policy }).parse(inputs);
      return { Topics: [given.arn], PolicyDocument: given.policy };
    },
  },
  'aws:sns/topicSubscription:TopicSubscription': renamed('AWS::SNS::Subscription', {
    topic: 'TopicArn',
  }),
  'aws:sqs/queue:Queue': renamed('AWS::SQS::Queue', {
    name: 'QueueName',
    messageRetentionSeconds: 'MessageRetentionPeriod',
  }),
  'aws:sqs/queuePolicy:QueuePolicy': queuePolicyOf,
};
