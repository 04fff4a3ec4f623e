/** Who is told: of the alarms of the deployment, and of servers that fail and recover. */
import { defined } from '../../functions/model/defined.ts';
import type { ArgumentReader } from './reader.ts';

export type WatchArguments = {
  readonly watch: {
    /** Receives the alarms about the deployment itself. */
    readonly alarmEmail?: string;
    readonly alertEmail?: string;
    /** Receives `{"text": ...}` for a server that fails or recovers. Its address is a secret. */
    readonly alertWebhook?: string;
  };
};

export function readWatch(from: ArgumentReader): WatchArguments {
  return {
    watch: defined({
      alarmEmail: address(from, 'ALARM_EMAIL'),
      alertEmail: address(from, 'ALERT_EMAIL'),
      alertWebhook: webhook(from, 'ALERT_WEBHOOK'),
    }),
  };
}

function address({ text, report }: ArgumentReader, name: string): string | undefined {
  const given = text(name);
  if (given !== undefined && !/^[^\s@,;]+@[^\s@,;]+$/.test(given))
    report(
      `${name} is "${given}". Set it to one email address, for example ${name}=oncall@example.com`,
    );
  return given;
}

/** Whoever has the address of a webhook may write to it, so no message shows it. */
function webhook({ text, report }: ArgumentReader, name: string): string | undefined {
  const given = text(name);
  if (given === undefined) return undefined;
  const url = URL.parse(given);
  if (url?.protocol !== 'https:' || url.username !== '' || url.hash !== '' || !accepted.test(given))
    report(
      `${name} is not an address that EventBridge accepts. Set it to a whole https address without user name and fragment, for example ${name}=https://hooks.example.com/...`,
    );
  return given;
}

// InvocationEndpoint of CreateApiDestination, where a star stands for a parameter.
const accepted = /^(?=.{1,2048}$)(%[0-9A-Fa-f]{2}|[-()_.!~';/?:@&=+$,A-Za-z0-9])+$/;
