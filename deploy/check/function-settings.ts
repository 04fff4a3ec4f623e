/** What the functions will read from their environment, by their own readers. */
import {
  type ApiSettings,
  readApiSettings,
  readSweepSettings,
  type SweepSettings,
} from '../../functions/settings.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** What a function has only when it runs, or reads from SSM. */
const standIns = {
  BUS_NAME: 'made-by-the-deployment',
  KUBECONFIG_YAML: 'read from SSM',
  PUBLIC_URL: 'https://made.by.the.deployment.example.com',
  TABLE_NAME: 'made-by-the-deployment',
  TOKEN_KEYS: `read-from-ssm:${'A'.repeat(43)}`,
} as const;

/** Throws `SettingError`. */
export const sweepSettingsOf = (variables: Variables): SweepSettings =>
  readSweepSettings({ ...variables, ...standIns });

/** Throws `SettingError`. */
export const apiSettingsOf = (variables: Variables): ApiSettings =>
  readApiSettings({ ...variables, ...standIns });
