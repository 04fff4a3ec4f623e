/** Whether a value may become a secret, in the words of the readers that the functions use. */
import { SettingError } from '../../functions/model/setting-reader.ts';
import type { SecretName } from '../../functions/model/secret-names.ts';
import { readClients, readTokenKeys } from '../../functions/settings.ts';
import { keyIdsOf } from './token-keys.ts';

/** No `problem` and no remark quotes the value. */
export type Judged =
  | { readonly kind: 'accepted'; readonly value: string; readonly remarks: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: string; readonly hint: string };

export type JudgeKubeconfig = (text: string) => Promise<Judged>;

export async function judgeValue(
  name: SecretName,
  text: string,
  stage: string,
  judgeKubeconfig: JudgeKubeconfig,
): Promise<Judged> {
  if (text.trim() === '')
    return {
      kind: 'refused',
      problem: `The value of ${name} is empty.`,
      hint: `To remove the secret, run: npm run secret -- remove ${name} --stage ${stage}`,
    };
  switch (name) {
    case 'Kubeconfig':
      return judgeKubeconfig(text);
    case 'OauthClients':
      return readable(
        name,
        text.trim(),
        (value) => readClients({ OAUTH_CLIENTS: value }),
        'Use a JSON list of {"issuer", "id", "secret"}: docs/registered-clients.md has an example.',
      );
    case 'TokenKeys': {
      const value = text.trim();
      const ids = keyIdsOf(value);
      const hint = `To make a key, run: npm run secret -- rotate TokenKeys --stage ${stage}`;
      return new Set(ids).size < ids.length
        ? { kind: 'refused', problem: 'Two keys in TokenKeys have the same id.', hint }
        : readable(name, value, (keys) => readTokenKeys({ TOKEN_KEYS: keys }), hint);
    }
  }
}

function readable(
  name: SecretName,
  value: string,
  read: (value: string) => unknown,
  hint: string,
): Judged {
  try {
    read(value);
    return { kind: 'accepted', value, remarks: [] };
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return {
      kind: 'refused',
      problem: error.message.replaceAll(/TOKEN_KEYS|OAUTH_CLIENTS/g, name),
      hint,
    };
  }
}
