import { once } from '../model/once.ts';
import type { ApiPorts } from '../routes/compose.ts';
import { liveRoutes } from '../routes/live-routes.ts';
import type { ApiSettings } from '../settings.ts';
import type { Clients } from './api-clients.ts';
import type { tokenVerifiers } from './token-verifiers.ts';

/** The routes of the live page, whose answers are loaded by the first request for one. */
export const livePageRoutes = (
  settings: ApiSettings,
  { sealedTexts, now }: Clients,
  {
    verify,
    verifyIdToken,
    audienceScopes,
  }: ReturnType<typeof tokenVerifiers> & Pick<ApiPorts['facts'], 'audienceScopes'>,
) =>
  liveRoutes({
    publicUrl: settings.publicUrl,
    now,
    load: once(async () =>
      (await import('../routes/live-answers.ts')).liveAnswers({
        publicUrl: settings.publicUrl,
        sealedTexts,
        now,
        verify,
        load: once(async () => {
          const { livePorts } = await import('./live-ports.ts');
          return livePorts(settings, { verify, verifyIdToken, audienceScopes, now });
        }),
      }),
    ),
  });
