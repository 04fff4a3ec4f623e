/**
 * The boundary of every role of the stack. A pipeline may create roles only with it
 * (`infra/deploy-role.yaml`). Call it before the first component.
 */
export function boundRoles(permissionsBoundary: string | undefined): void {
  if (permissionsBoundary === undefined) return;
  $transform(aws.iam.Role, (args) => {
    args.permissionsBoundary = permissionsBoundary;
  });
}
