import { newMachineKey } from '../../cli/token-store/machine-key.ts';
import { type Tokens, writeTokens } from '../../cli/token-store/token-files.ts';

/** Ada is signed in to the endpoint on the machine of this home, for an hour, with a key. */
export const saveTokens = (
  endpoint: string,
  home: string,
  facts: Partial<Tokens> = {},
): Promise<void> =>
  writeTokens(
    {
      endpoint,
      issuer: 'https://login.example.com',
      clientId: 'muster-cli',
      idToken: 'the-bearer',
      subject: 'ada',
      key: newMachineKey(),
      expiresAt: new Date(Date.now() + 3_600_000),
      ...facts,
    },
    { HOME: home },
  );
