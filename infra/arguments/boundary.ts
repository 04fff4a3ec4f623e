import { defined } from '../../functions/model/defined.ts';
import type { ArgumentReader } from './reader.ts';

export type BoundaryArguments = {
  /** ARN of a policy: the most that the roles of the stack can do. Absent: no boundary. */
  readonly permissionsBoundary?: string;
};

export function readBoundary({ text, report }: ArgumentReader): BoundaryArguments {
  const permissionsBoundary = text('PERMISSIONS_BOUNDARY');
  if (permissionsBoundary !== undefined && !policyArn.test(permissionsBoundary))
    report(
      `PERMISSIONS_BOUNDARY is "${permissionsBoundary}", which is not the ARN of a policy. Set it to the output Boundary of infra/deploy-role.yaml, for example arn:aws:iam::123456789012:policy/deploy-muster-production-boundary`,
    );
  return defined({ permissionsBoundary });
}

const policyArn = /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/;
