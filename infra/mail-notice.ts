import type { WatchArguments } from './arguments/watch.ts';

/** What the deployment prints about its mails: AWS sends none before the first was confirmed. */
export function mailNotice({
  alarmEmail,
  alertEmail,
}: WatchArguments['watch']): Readonly<Record<string, string>> {
  const addresses = [...new Set([alarmEmail, alertEmail])].filter((one) => one !== undefined);
  return addresses.length === 0
    ? {}
    : {
        mail: `AWS asks ${addresses.join(' and ')} to confirm each subscription. Until the link in that mail was opened, no alarm and no alert arrives there.`,
      };
}
