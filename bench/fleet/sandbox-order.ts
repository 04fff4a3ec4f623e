/** What a sandbox is started with, and what it is told to do. */
import * as z from 'zod/mini';

export const sandboxSettings = z.record(z.string(), z.string());

/** Runs the event so often. Anything else than what is said here is an error. */
export const sandboxOrder = z.object({
  event: z.unknown(),
  times: z.number(),
  /** The verdict about each of so many servers. */
  reason: z.string(),
  servers: z.number(),
  /** Whether each status is written, or none. Absent: that does not matter. */
  writes: z.exactOptional(z.boolean()),
});
export type SandboxOrder = z.infer<typeof sandboxOrder>;

/** Every server is probed, due or not. */
export const everything = { kind: 'tick', everything: true };

/** As it is deployed, but that loopback is allowed. */
export const sandboxArguments = (
  { kubeconfig, bus }: { readonly kubeconfig: string; readonly bus: string },
  settings: Readonly<Record<string, string>>,
): readonly string[] => [
  JSON.stringify({
    KUBECONFIG_YAML: kubeconfig,
    BUS_NAME: 'muster',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus,
    OIDC_ISSUER: bus,
    GUARD: 'off',
    // Heartbeats would be writes of a steady sweep, by chance.
    HEARTBEAT_SECONDS: '1000000000',
    ...settings,
  } satisfies z.infer<typeof sandboxSettings>),
];
