/**
 * What the AWS provider of Pulumi calls for each type of resource of the stack. It is the provider
 * of Terraform (hashicorp/terraform-provider-aws, internal/service/); the CloudFormation schemas of
 * the same types (`handlers.*.permissions`) were compared. S3, Route 53 and CloudFront read more
 * than they were given.
 */
import type { Resource } from './evaluate.ts';
import { account, region } from './deploy-role.ts';

export type Calls = {
  readonly arns: (named: Named) => readonly string[];
  readonly make: readonly string[];
  readonly read: readonly string[];
  readonly change: readonly string[];
  readonly remove: readonly string[];
};
/** A resource with the name that AWS knows it by. */
export type Named = { readonly name: string; readonly inputs: Resource['inputs'] };

const arn = (service: string, rest: string): string =>
  `arn:aws:${service}:${region}:${account}:${rest}`;

const lambda = ({ inputs, name }: Named): readonly string[] => [
  arn('lambda', `function:${lastPart(inputs['function'] ?? inputs['functionName'] ?? name)}`),
];
const lastPart = (text: unknown): string => String(text).split(':').at(-1) ?? '';
const bucket = ({ inputs }: Named): readonly string[] => [
  `arn:aws:s3:::${String(inputs['bucket'])}`,
];
const distribution = (): readonly string[] => [
  `arn:aws:cloudfront::${account}:distribution/E1A2B3C4D5E6F7`,
];
const keyValueStore = (): readonly string[] => [
  `arn:aws:cloudfront::${account}:key-value-store/a1b2c3d4-5678-90ab-cdef-1234567890ab`,
];
const queue = ({ name }: Named): readonly string[] => [arn('sqs', name)];
const topic = ({ name, inputs }: Named): readonly string[] => [
  [inputs['topic'], inputs['arn']].find((given) => typeof given === 'string') ?? arn('sns', name),
];
const rule = ({ inputs }: Named): readonly string[] => [
  arn(
    'events',
    `rule/${String(inputs['eventBusName'])}/${String(inputs['rule'] ?? inputs['name'])}`,
  ),
];
const actions = (service: string, ...names: readonly string[]): readonly string[] =>
  names.map((name) => `${service}:${name}`);

/** By the type of the resource. */
export const providerCalls: Readonly<Record<string, Calls>> = {
  'aws:lambda/function:Function': {
    arns: lambda,
    make: actions('lambda', 'CreateFunction', 'PutFunctionConcurrency', 'TagResource'),
    read: actions(
      'lambda',
      'GetFunction',
      'GetFunctionCodeSigningConfig',
      'ListTags',
      'ListVersionsByFunction',
    ),
    change: actions(
      'lambda',
      'DeleteFunctionConcurrency',
      'PutFunctionConcurrency',
      'UntagResource',
      'UpdateFunctionCode',
      'UpdateFunctionConfiguration',
    ),
    remove: actions('lambda', 'DeleteFunction'),
  },
  'aws:lambda/functionUrl:FunctionUrl': {
    arns: lambda,
    make: actions('lambda', 'CreateFunctionUrlConfig', 'AddPermission'),
    read: actions('lambda', 'GetFunctionUrlConfig'),
    change: actions('lambda', 'UpdateFunctionUrlConfig'),
    remove: actions('lambda', 'DeleteFunctionUrlConfig'),
  },
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': {
    arns: lambda,
    make: actions('lambda', 'PutFunctionEventInvokeConfig'),
    read: actions('lambda', 'GetFunctionEventInvokeConfig'),
    change: actions('lambda', 'PutFunctionEventInvokeConfig'),
    remove: actions('lambda', 'DeleteFunctionEventInvokeConfig'),
  },
  'aws:lambda/permission:Permission': {
    arns: lambda,
    make: actions('lambda', 'AddPermission'),
    read: actions('lambda', 'GetPolicy'),
    change: [],
    remove: actions('lambda', 'RemovePermission'),
  },
  'aws:dynamodb/table:Table': {
    arns: ({ name }) => [arn('dynamodb', `table/${name}`)],
    make: actions(
      'dynamodb',
      'CreateTable',
      'TagResource',
      'UpdateContinuousBackups',
      'UpdateTimeToLive',
    ),
    read: actions(
      'dynamodb',
      'DescribeContinuousBackups',
      'DescribeTable',
      'DescribeTimeToLive',
      'ListTagsOfResource',
    ),
    change: actions('dynamodb', 'UntagResource', 'UpdateTable'),
    remove: actions('dynamodb', 'DeleteTable'),
  },
  'aws:cloudwatch/eventBus:EventBus': {
    arns: ({ name }) => [arn('events', `event-bus/${name}`)],
    make: actions('events', 'CreateEventBus', 'TagResource'),
    read: actions('events', 'DescribeEventBus', 'ListTagsForResource'),
    change: actions('events', 'UntagResource', 'UpdateEventBus'),
    remove: actions('events', 'DeleteEventBus'),
  },
  'aws:cloudwatch/eventRule:EventRule': {
    arns: rule,
    make: actions('events', 'PutRule', 'TagResource'),
    read: actions('events', 'DescribeRule', 'ListTagsForResource'),
    change: actions('events', 'PutRule', 'UntagResource'),
    remove: actions('events', 'DeleteRule'),
  },
  'aws:cloudwatch/eventTarget:EventTarget': {
    arns: rule,
    make: actions('events', 'PutTargets'),
    read: actions('events', 'ListTargetsByRule'),
    change: actions('events', 'PutTargets'),
    remove: actions('events', 'RemoveTargets'),
  },
  'aws:cloudwatch/eventConnection:EventConnection': {
    arns: ({ name }) => [arn('events', `connection/${name}/a1b2c3`)],
    make: actions('events', 'CreateConnection'),
    read: actions('events', 'DescribeConnection'),
    change: actions('events', 'UpdateConnection'),
    remove: actions('events', 'DeleteConnection'),
  },
  'aws:cloudwatch/eventApiDestination:EventApiDestination': {
    arns: ({ name }) => [arn('events', `api-destination/${name}/a1b2c3`)],
    make: actions('events', 'CreateApiDestination'),
    read: actions('events', 'DescribeApiDestination'),
    change: actions('events', 'UpdateApiDestination'),
    remove: actions('events', 'DeleteApiDestination'),
  },
  'aws:scheduler/schedule:Schedule': {
    arns: ({ name }) => [arn('scheduler', `schedule/default/${name}`)],
    make: actions('scheduler', 'CreateSchedule'),
    read: actions('scheduler', 'GetSchedule'),
    change: actions('scheduler', 'UpdateSchedule'),
    remove: actions('scheduler', 'DeleteSchedule'),
  },
  'aws:sqs/queue:Queue': {
    arns: queue,
    make: actions('sqs', 'CreateQueue', 'TagQueue'),
    read: actions('sqs', 'GetQueueAttributes', 'ListQueueTags'),
    change: actions('sqs', 'SetQueueAttributes', 'UntagQueue'),
    remove: actions('sqs', 'DeleteQueue'),
  },
  'aws:sqs/queuePolicy:QueuePolicy': {
    arns: ({ inputs }) => [arn('sqs', String(inputs['queueUrl']).split('/').at(-1) ?? '')],
    make: actions('sqs', 'SetQueueAttributes'),
    read: actions('sqs', 'GetQueueAttributes'),
    change: actions('sqs', 'SetQueueAttributes'),
    remove: actions('sqs', 'SetQueueAttributes'),
  },
  'aws:sns/topic:Topic': {
    arns: topic,
    make: actions('sns', 'CreateTopic', 'TagResource'),
    read: actions('sns', 'GetTopicAttributes', 'ListTagsForResource'),
    change: actions('sns', 'SetTopicAttributes', 'UntagResource'),
    remove: actions('sns', 'DeleteTopic'),
  },
  'aws:sns/topicPolicy:TopicPolicy': {
    arns: topic,
    make: actions('sns', 'SetTopicAttributes'),
    read: actions('sns', 'GetTopicAttributes'),
    change: actions('sns', 'SetTopicAttributes'),
    remove: actions('sns', 'SetTopicAttributes'),
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    arns: topic,
    make: actions('sns', 'Subscribe'),
    read: actions('sns', 'GetSubscriptionAttributes', 'ListSubscriptionsByTopic'),
    change: actions('sns', 'SetSubscriptionAttributes'),
    remove: actions('sns', 'Unsubscribe'),
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    arns: ({ name }) => [arn('cloudwatch', `alarm:${name}`)],
    make: actions('cloudwatch', 'PutMetricAlarm', 'TagResource'),
    read: actions('cloudwatch', 'DescribeAlarms', 'ListTagsForResource'),
    change: actions('cloudwatch', 'UntagResource'),
    remove: actions('cloudwatch', 'DeleteAlarms'),
  },
  'aws:cloudwatch/compositeAlarm:CompositeAlarm': {
    arns: ({ inputs }) => [arn('cloudwatch', `alarm:${String(inputs['alarmName'])}`)],
    make: actions('cloudwatch', 'PutCompositeAlarm', 'TagResource'),
    read: actions('cloudwatch', 'DescribeAlarms', 'ListTagsForResource'),
    change: actions('cloudwatch', 'UntagResource'),
    remove: actions('cloudwatch', 'DeleteAlarms'),
  },
  'aws:cloudwatch/dashboard:Dashboard': {
    arns: ({ inputs }) => [
      `arn:aws:cloudwatch::${account}:dashboard/${String(inputs['dashboardName'])}`,
    ],
    make: actions('cloudwatch', 'PutDashboard'),
    read: actions('cloudwatch', 'GetDashboard'),
    change: actions('cloudwatch', 'PutDashboard'),
    remove: actions('cloudwatch', 'DeleteDashboards'),
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    arns: ({ name }) => [arn('logs', `log-group:${name}`)],
    make: actions('logs', 'CreateLogGroup', 'PutRetentionPolicy', 'TagResource'),
    read: actions('logs', 'DescribeLogGroups', 'ListTagsForResource'),
    change: actions('logs', 'DeleteRetentionPolicy', 'UntagResource'),
    remove: actions('logs', 'DeleteLogGroup'),
  },
  'aws:iam/role:Role': {
    arns: ({ name }) => [`arn:aws:iam::${account}:role/${name}`],
    make: actions('iam', 'CreateRole', 'PutRolePolicy', 'TagRole'),
    read: actions(
      'iam',
      'GetRole',
      'GetRolePolicy',
      'ListAttachedRolePolicies',
      'ListRolePolicies',
    ),
    change: actions('iam', 'DeleteRolePolicy', 'UntagRole', 'UpdateAssumeRolePolicy', 'UpdateRole'),
    remove: actions('iam', 'DeleteRole', 'DeleteRolePolicy', 'ListInstanceProfilesForRole'),
  },
  'aws:eks/accessEntry:AccessEntry': {
    arns: ({ inputs }) => [
      arn(
        'eks',
        `access-entry/${String(inputs['clusterName'])}/role/${account}/${roleOf(inputs)}/u1`,
      ),
    ],
    make: actions('eks', 'TagResource'),
    read: actions('eks', 'DescribeAccessEntry'),
    change: actions('eks', 'UntagResource'),
    remove: actions('eks', 'DeleteAccessEntry'),
  },
  'aws:s3/bucket:Bucket': {
    arns: bucket,
    make: actions('s3', 'CreateBucket', 'PutBucketTagging'),
    read: actions(
      's3',
      'GetAccelerateConfiguration',
      'GetBucketAcl',
      'GetBucketCORS',
      'GetBucketLocation',
      'GetBucketLogging',
      'GetBucketObjectLockConfiguration',
      'GetBucketPolicy',
      'GetBucketRequestPayment',
      'GetBucketTagging',
      'GetBucketVersioning',
      'GetBucketWebsite',
      'GetEncryptionConfiguration',
      'GetLifecycleConfiguration',
      'GetReplicationConfiguration',
      'ListBucket',
    ),
    change: actions('s3', 'TagResource', 'UntagResource'),
    // The site is emptied first (`forceDestroy`).
    remove: actions('s3', 'DeleteBucket', 'ListBucketVersions'),
  },
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': {
    arns: bucket,
    make: actions('s3', 'PutBucketPublicAccessBlock'),
    read: actions('s3', 'GetBucketPublicAccessBlock'),
    change: actions('s3', 'PutBucketPublicAccessBlock'),
    remove: actions('s3', 'PutBucketPublicAccessBlock'),
  },
  'aws:s3/bucketCorsConfiguration:BucketCorsConfiguration': {
    arns: bucket,
    make: actions('s3', 'PutBucketCORS'),
    read: actions('s3', 'GetBucketCORS'),
    change: actions('s3', 'PutBucketCORS'),
    remove: actions('s3', 'PutBucketCORS'),
  },
  'aws:s3/bucketPolicy:BucketPolicy': {
    arns: bucket,
    make: actions('s3', 'PutBucketPolicy'),
    read: actions('s3', 'GetBucketPolicy'),
    change: actions('s3', 'PutBucketPolicy'),
    remove: actions('s3', 'DeleteBucketPolicy'),
  },
  'aws:s3/bucketObjectv2:BucketObjectv2': {
    arns: ({ inputs }) => [`arn:aws:s3:::sst-asset-abcdef/${String(inputs['key'])}`],
    make: actions('s3', 'PutObject', 'PutObjectTagging'),
    read: actions('s3', 'GetObject', 'GetObjectTagging'),
    change: actions('s3', 'PutObject'),
    remove: actions('s3', 'DeleteObject'),
  },
  'aws:cloudfront/distribution:Distribution': {
    arns: distribution,
    make: actions('cloudfront', 'CreateDistribution', 'TagResource'),
    read: actions('cloudfront', 'GetDistribution', 'ListTagsForResource'),
    change: actions('cloudfront', 'CreateInvalidation', 'GetInvalidation', 'UpdateDistribution'),
    remove: actions('cloudfront', 'DeleteDistribution'),
  },
  'aws:cloudfront/function:Function': {
    arns: ({ name }) => [`arn:aws:cloudfront::${account}:function/${name}`],
    make: actions('cloudfront', 'CreateFunction', 'PublishFunction'),
    read: actions('cloudfront', 'DescribeFunction', 'GetFunction'),
    change: actions('cloudfront', 'UpdateFunction', 'PublishFunction'),
    remove: actions('cloudfront', 'DeleteFunction'),
  },
  'aws:cloudfront/keyValueStore:KeyValueStore': {
    arns: keyValueStore,
    make: [
      ...actions('cloudfront', 'CreateKeyValueStore'),
      ...actions('cloudfront-keyvaluestore', 'DescribeKeyValueStore', 'ListKeys', 'UpdateKeys'),
    ],
    read: actions('cloudfront', 'DescribeKeyValueStore'),
    change: actions('cloudfront', 'UpdateKeyValueStore'),
    remove: actions('cloudfront', 'DeleteKeyValueStore'),
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    arns: () => [`arn:aws:cloudfront::${account}:response-headers-policy/a1b2c3`],
    make: actions('cloudfront', 'CreateResponseHeadersPolicy'),
    read: actions('cloudfront', 'GetResponseHeadersPolicy'),
    change: actions('cloudfront', 'UpdateResponseHeadersPolicy'),
    remove: actions('cloudfront', 'DeleteResponseHeadersPolicy'),
  },
  'aws:cloudfront/cachePolicy:CachePolicy': {
    arns: () => [`arn:aws:cloudfront::${account}:cache-policy/a1b2c3`],
    make: actions('cloudfront', 'CreateCachePolicy'),
    read: actions('cloudfront', 'GetCachePolicy'),
    change: actions('cloudfront', 'UpdateCachePolicy'),
    remove: actions('cloudfront', 'DeleteCachePolicy'),
  },
  'aws:acm/certificate:Certificate': {
    arns: () => [`arn:aws:acm:us-east-1:${account}:certificate/a1b2c3`],
    make: actions('acm', 'RequestCertificate', 'AddTagsToCertificate'),
    read: actions('acm', 'DescribeCertificate', 'ListTagsForCertificate'),
    change: actions('acm', 'RemoveTagsFromCertificate'),
    remove: actions('acm', 'DeleteCertificate'),
  },
  'aws:acm/certificateValidation:CertificateValidation': {
    arns: () => [`arn:aws:acm:us-east-1:${account}:certificate/a1b2c3`],
    make: actions('acm', 'DescribeCertificate'),
    read: actions('acm', 'DescribeCertificate'),
    change: [],
    remove: [],
  },
  'aws:route53/record:Record': {
    arns: () => ['arn:aws:route53:::hostedzone/Z1EXAMPLE'],
    make: actions('route53', 'ChangeResourceRecordSets', 'GetHostedZone', 'ListResourceRecordSets'),
    read: actions('route53', 'ListResourceRecordSets'),
    change: actions('route53', 'ChangeResourceRecordSets'),
    remove: actions('route53', 'ChangeResourceRecordSets'),
  },
  'aws:apigatewayv2/api:Api': {
    arns: () => [`arn:aws:apigateway:${region}::/apis/a1b2c3`],
    make: actions('apigateway', 'GET'),
    read: actions('apigateway', 'GET'),
    change: actions('apigateway', 'PATCH'),
    remove: actions('apigateway', 'DELETE'),
  },
  'aws:apigatewayv2/stage:Stage': gatewayPart('stages', '$default'),
  'aws:apigatewayv2/integration:Integration': gatewayPart('integrations', 'a1'),
  'aws:apigatewayv2/route:Route': gatewayPart('routes', 'a1'),
};

function gatewayPart(kind: string, id: string): Calls {
  return {
    arns: () => [`arn:aws:apigateway:${region}::/apis/a1b2c3/${kind}/${id}`],
    make: [],
    read: actions('apigateway', 'GET'),
    change: actions('apigateway', 'PATCH'),
    remove: actions('apigateway', 'DELETE'),
  };
}

const roleOf = (inputs: Resource['inputs']): string =>
  String(inputs['principalArn']).split('/').at(-1) ?? '';

/** Types that are made without AWS: components of SST, and what runs on the machine that deploys. */
export const isElsewhere = (type: string): boolean =>
  !type.startsWith('aws:') || type === 'aws:index/region:Region';
