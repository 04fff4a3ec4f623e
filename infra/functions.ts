/** What holds for every function of the stack, and what a function may do. */

import { keepsName, uniqueInStage } from './names.ts';

/** What both functions are made from. */
export type Common = {
  readonly shared: Pick<sst.aws.FunctionArgs, 'runtime' | 'architecture' | 'nodejs' | 'vpc'>;
  readonly settings: Readonly<Record<string, $util.Input<string>>>;
  readonly table: sst.aws.Dynamo;
};

/** A statement of a policy: these calls on these resources. */
export type Grant = {
  readonly actions: string[];
  readonly resources: $util.Input<string>[];
  readonly conditions?: Condition[];
};
type Condition = { readonly test: string; readonly variable: string; readonly values: string[] };

/**
 * Closes what SST 4.17.1 leaves open: roles trust the whole account (`!dev` is always true of an
 * Output), and every function may create any log group. Call it before the first component.
 */
export function closeRoles(): void {
  if ($dev) return;
  $transform(sst.aws.Function, (args) => {
    args.transform = {
      ...args.transform,
      role: (role) => {
        role.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({
          Service: 'lambda.amazonaws.com',
        });
        // The log group is made by the stack and writing to it is granted by `logGroup`.
        role.managedPolicyArns = $output(role.managedPolicyArns ?? []).apply((arns) =>
          arns.filter((arn) => !arn.endsWith('/AWSLambdaBasicExecutionRole')),
        );
      },
    };
  });
}

const longestLogName = 400;

/**
 * The log group of a function, made beforehand so that the role can name it. The end of its name is
 * random: one that a killed deployment left behind stops no other.
 */
export function logGroup(name: string): {
  readonly name: $util.Output<string>;
  readonly grant: Grant;
} {
  const group = new aws.cloudwatch.LogGroup(
    `${name}Log`,
    { name: `/aws/lambda/${uniqueInStage(name, longestLogName)}`, retentionInDays: 30 },
    keepsName,
  );
  return {
    name: group.name,
    grant: {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [$interpolate`${group.arn}:*`],
    },
  };
}

/** The name of the log group that `logGroup` made for it. */
export const logGroupOf = ({ nodes }: sst.aws.Function): $util.Output<string> =>
  nodes.function.apply(({ loggingConfig }) => loggingConfig.apply(({ logGroup: name }) => name));

/**
 * Rows whose partition key begins with one of these: DynamoDB itself keeps the sweep away from the
 * sessions, and the other way round.
 */
export const rows = (table: sst.aws.Dynamo, actions: string[], prefixes: string[]): Grant => ({
  actions: actions.map((action) => `dynamodb:${action}`),
  resources: [table.arn],
  conditions: [
    {
      test: 'ForAllValues:StringLike',
      variable: 'dynamodb:LeadingKeys',
      values: prefixes.map((prefix) => `${prefix}*`),
    },
  ],
});

/** Lets a service take a role, on behalf of this account only. */
export const onlyForUs = (service: string): $util.Output<string> =>
  aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        effect: 'Allow',
        actions: ['sts:AssumeRole'],
        principals: [{ type: 'Service', identifiers: [service] }],
        conditions: [
          {
            test: 'StringEquals',
            variable: 'aws:SourceAccount',
            values: [aws.getCallerIdentityOutput().accountId],
          },
        ],
      },
    ],
  }).json;

/** Reserved concurrency, where the owner reserves any. */
export const reservedOf = (reserved: number | undefined) =>
  reserved === undefined ? {} : { concurrency: { reserved } };
