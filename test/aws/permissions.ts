/** What the roles of the functions may do on the emulator, one permission at a time. */
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import * as z from 'zod/mini';
import { type Deployment, ownerAt } from './deployment.ts';

const policySchema = z.looseObject({
  Statement: z.array(
    z.looseObject({
      Action: z.array(z.string()),
      Condition: z.optional(z.record(z.string(), z.record(z.string(), z.array(z.string())))),
    }),
  ),
});

export type Permission = {
  /** As infra/ names the function. */
  readonly function: 'Sweep' | 'Api';
  readonly policy: string;
  /** In every statement: the emulator does not know rows, so each would allow what others name. */
  readonly action: string;
  /** The beginnings of the rows for which it holds, where it does not hold for all. */
  readonly rows: readonly string[];
};

export async function permissionsOf(deployment: Deployment): Promise<readonly Permission[]> {
  const client = new IAMClient(ownerAt(deployment.emulator));
  const found: Permission[] = [];
  for (const name of ['Sweep', 'Api'] as const) {
    const RoleName = deployment.nameOf('Role', `${name}Role`);
    const { PolicyNames = [] } = await client.send(new ListRolePoliciesCommand({ RoleName }));
    for (const policy of PolicyNames) {
      const { Statement } = await read(client, RoleName, policy);
      for (const action of new Set(Statement.flatMap(({ Action }) => Action))) {
        const rows = Statement.filter(({ Action }) => Action.includes(action)).flatMap(rowsOf);
        found.push({ function: name, policy, action, rows });
      }
    }
  }
  client.destroy();
  return found;
}

const rowsOf = ({ Condition = {} }: z.infer<typeof policySchema>['Statement'][number]) =>
  Object.values(Condition).flatMap((keys) => Object.values(keys).flat());

/** Runs it while the role does not have the permission. Functions that are warm stay so. */
export async function without(
  deployment: Deployment,
  { function: name, policy, action }: Permission,
  run: () => Promise<void>,
): Promise<void> {
  const client = new IAMClient(ownerAt(deployment.emulator));
  const RoleName = deployment.nameOf('Role', `${name}Role`);
  const whole = await read(client, RoleName, policy);
  const put = (document: object) =>
    client.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: policy,
        PolicyDocument: JSON.stringify(document),
      }),
    );
  const Statement = whole.Statement.map((each) => {
    const Action = each.Action.filter((one) => one !== action);
    return Object.assign({}, each, { Action });
  }).filter(({ Action }) => Action.length > 0);
  await put({ ...whole, Statement });
  try {
    await run();
  } finally {
    await put(whole);
    client.destroy();
  }
}

/** IAM encodes documents as in an address (RFC 3986). */
async function read(client: IAMClient, RoleName: string, PolicyName: string) {
  const { PolicyDocument = '' } = await client.send(
    new GetRolePolicyCommand({ RoleName, PolicyName }),
  );
  return policySchema.parse(JSON.parse(decodeURIComponent(PolicyDocument)));
}
