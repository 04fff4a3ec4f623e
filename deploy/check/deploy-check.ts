/** `npm run deploy:check -- --stage STAGE`: whether a deployment would work, before it is made. */
import { readDeployment, StageError } from '../environment.ts';
import { checkDeployment } from './check-deployment.ts';
import { reportText } from './report.ts';

try {
  const { stage, environment, rest } = readDeployment(process.argv.slice(2));
  if (rest[0] !== undefined)
    throw new StageError(
      `Unexpected argument "${rest[0]}". Run: npm run deploy:check -- --stage ${stage}`,
    );
  // Profiles and SSO are read from here by the clients of AWS.
  Object.assign(process.env, environment);
  const findings = await checkDeployment({ stage, environment });
  process.stdout.write(reportText(findings, stage));
  process.exitCode = findings.some(({ kind }) => kind === 'problem') ? 1 : 0;
} catch (error) {
  if (!(error instanceof StageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
