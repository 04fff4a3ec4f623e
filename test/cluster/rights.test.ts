/**
 * The rights of `manifests/`, in the words of a real RBAC authorizer, with a token as TokenRequest
 * gives it to a pod.
 */
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClusterToken } from '../../functions/adapters/cluster/apiserver.ts';
import { checkRights, sweepGroup } from '../../deploy/check/rights.ts';
import { readServed } from '../../deploy/check/cluster-api.ts';
import { accessReviewer } from '../../functions/adapters/cluster/access-review.ts';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import { leaseReader, leaseRenewer, leaseRights } from '../../functions/adapters/cluster/lease.ts';
import { fixedToken } from '../../functions/adapters/cluster/token-file.ts';
import { sweepToken } from '../world/cluster.ts';
import { aManifest } from '../world/manifest.ts';
import { kubectl } from './install.ts';
import { asUser, mergePatch, ownCluster, servers } from './own.ts';

const { own, why } = ownCluster();

describe.skipIf(why !== undefined)(
  `the account of the functions${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    const dispatcher = new Agent({ connect: { ca: own.caPem } });
    const admin = asUser(own, own.adminToken);
    let account: ReturnType<typeof asUser>;
    let token: string;

    beforeAll(async () => {
      token = await sweepToken(own, dispatcher);
      account = asUser(own, token);
      await admin.send('DELETE', servers);
      await admin.send('POST', servers, aManifest({ name: 'rights' }));
    });
    afterAll(() => Promise.all([account.close(), admin.close(), dispatcher.destroy()]));

    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'rights.1', namespace: 'default' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'muster-serverless/sweep',
      reportingInstance: 'sweep',
      action: 'Probe',
      reason: 'Responded',
      type: 'Normal',
      regarding: { kind: 'MCPServer', namespace: 'default', name: 'rights' },
    };
    const another = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'another' },
    };
    const leases = '/apis/coordination.k8s.io/v1/namespaces/muster-serverless/leases';

    test.each<[string, string, string, object | undefined, string | undefined]>([
      [
        'lists MCPServers',
        'GET',
        '/apis/muster.giantswarm.io/v1alpha1/mcpservers',
        undefined,
        undefined,
      ],
      ['reads one', 'GET', `${servers}/rights`, undefined, undefined],
      [
        'patches a status',
        'PATCH',
        `${servers}/rights/status`,
        { status: { state: 'Connected' } },
        mergePatch,
      ],
      [
        'creates an Event',
        'POST',
        '/apis/events.k8s.io/v1/namespaces/default/events',
        event,
        undefined,
      ],
    ])('%s', async (_what, method, path, body, contentType) => {
      expect((await account.send(method, path, body, contentType)).code).toBeLessThan(300);
    });

    const namespace = 'muster-serverless';
    const ticks = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:01:00.123Z')];
    const renewedAt = async (name: string): Promise<unknown> => {
      const cluster = connectClusterToken({
        url: own.url,
        caPem: own.caPem,
        source: fixedToken(token),
      });
      const lease = { namespace, name };
      const renew = leaseRenewer(cluster, { ...lease, durationMs: 180_000 });
      const seen: unknown[] = [];
      for (const at of ticks) seen.push((await renew(at)) ?? (await leaseReader(cluster, lease)()));
      return seen;
    };

    test('creates its Lease, renews it and reads it', async () => {
      expect(await renewedAt('muster-sweep')).toEqual(ticks);
    });

    test('renews the Lease of one more stage after the commands that the stage without the right prints', async () => {
      await using program = await kubectl(own.assets.kubectl, own.admin);
      const name = 'muster-sweep-staging';
      for (const command of leaseRights(namespace, name))
        await program.run(...command.replace(/^kubectl /, '').split(' '));
      expect(await renewedAt(name)).toEqual(ticks);
    });

    const spec = { spec: { url: 'https://attacker.example.com' } };
    test.each<[string, string, string, object?, string?]>([
      ['patch a spec', 'PATCH', `${servers}/rights`, spec, mergePatch],
      ['replace a status', 'PUT', `${servers}/rights/status`, aManifest({ name: 'rights' })],
      ['replace an MCPServer', 'PUT', `${servers}/rights`, aManifest({ name: 'rights' })],
      ['create an MCPServer', 'POST', servers, aManifest({ name: 'other' })],
      ['delete an MCPServer', 'DELETE', `${servers}/rights`],
      ['delete them all', 'DELETE', servers],
      ['watch them', 'GET', `${servers}?watch=true&timeoutSeconds=1`],
      ['read Secrets', 'GET', '/api/v1/namespaces/default/secrets'],
      ['read one Secret', 'GET', '/api/v1/namespaces/muster-serverless/secrets/any'],
      ['read Events', 'GET', '/apis/events.k8s.io/v1/namespaces/default/events'],
      [
        'change an Event',
        'PATCH',
        '/apis/events.k8s.io/v1/namespaces/default/events/rights.1',
        { note: 'x' },
        mergePatch,
      ],
      [
        'renew the Lease of somebody else',
        'PATCH',
        `${leases}/another`,
        { spec: { holderIdentity: 'x' } },
        mergePatch,
      ],
      ['list Leases', 'GET', leases],
      [
        'create a Lease elsewhere',
        'POST',
        '/apis/coordination.k8s.io/v1/namespaces/default/leases',
        another,
      ],
      [
        'make itself a token',
        'POST',
        '/api/v1/namespaces/muster-serverless/serviceaccounts/muster-sweep/token',
        {},
      ],
      [
        'ask what others may do',
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        { spec: { user: 'ada' } },
      ],
      [
        'read CustomResourceDefinitions',
        'GET',
        '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      ],
    ])('may not %s', async (_what, method, path, body, contentType) => {
      expect(await account.send(method, path, body, contentType)).toMatchObject({
        code: 403,
        body: { reason: 'Forbidden' },
      });
    });

    test('a refusal names user, verb and resource; no bearer and a bad one are both 401', async () => {
      const { body } = await account.send('DELETE', `${servers}/rights`);
      expect(body).toMatchObject({
        message:
          'mcpservers.muster.giantswarm.io "rights" is forbidden: User "system:serviceaccount:muster-serverless:muster-sweep" ' +
          'cannot delete resource "mcpservers" in API group "muster.giantswarm.io" in the namespace "default"',
      });
      const stranger = asUser(own, 'not-a-token');
      expect(await stranger.send('GET', servers)).toMatchObject({
        code: 401,
        body: { reason: 'Unauthorized' },
      });
      await stranger.close();
    });

    test('a token that is refused is asked for once more, and the sweep never notices', async () => {
      const tokens = ['a-token-that-was-revoked', token];
      let drops = 0;
      const source = {
        token: async () => ({ kind: 'token' as const, token: tokens[drops] ?? '' }),
        drop: () => {
          drops += 1;
          return true;
        },
      };
      const list = pageLister(connectClusterToken({ url: own.url, caPem: own.caPem, source }));
      expect(
        await Promise.all([list({ limit: 1 }), list({ limit: 1 }), list({ limit: 1 })]),
      ).toMatchObject([{ kind: 'page' }, { kind: 'page' }, { kind: 'page' }]);
      expect(drops).toBe(1);
      const stubborn = connectClusterToken({
        url: own.url,
        caPem: own.caPem,
        source: { ...source, token: async () => ({ kind: 'token', token: 'bad' }) },
      });
      await expect(pageLister(stubborn)({ limit: 1 })).rejects.toThrow(
        'does not accept our credentials (401)',
      );
    });

    describe('npm run deploy:check', () => {
      const as = (bearer: string) =>
        connectClusterToken({ url: own.url, caPem: own.caPem, source: fixedToken(bearer) });
      const production = { stage: 'production', environment: {} };
      const group = { kind: 'group', group: sweepGroup } as const;

      test('sees the CRD and every right with the token of the functions', async () => {
        expect(await readServed(as(token))).toMatchObject({ finding: { kind: 'ok' } });
        expect(await checkRights(as(token), { kind: 'own' }, production)).toMatchObject([
          { kind: 'ok', text: 'The functions have all 7 rights of manifests.' },
        ]);
      });

      test('sees as an administrator what the group of the functions may do', async () => {
        expect(await checkRights(as(own.adminToken), group, production)).toMatchObject([
          { kind: 'ok' },
        ]);
      });

      test('names the Lease of another stage, whose rights the manifests do not give', async () => {
        const dev = { stage: 'Dev', environment: {} };
        expect(await checkRights(as(token), { kind: 'own' }, dev)).toMatchObject([
          {
            kind: 'problem',
            text: 'The functions may not get leases in muster-serverless, patch leases in muster-serverless.',
            hint: expect.stringContaining('--resource-name=muster-sweep-dev'),
          },
        ]);
      });

      test('cannot know about the group without the right to ask, and says who can', async () => {
        expect(await checkRights(as(token), group, production)).toMatchObject([
          { kind: 'unknown', hint: expect.stringContaining('--as-group muster-sweep') },
        ]);
      });
    });

    test('with manifests/access-review it asks the cluster what a person may see, by name and by group', async () => {
      await using program = await kubectl(own.assets.kubectl, own.admin);
      await program.run(
        'apply',
        '-k',
        new URL('../../manifests/access-review', import.meta.url).pathname,
      );
      await program.run('create', 'namespace', 'team-a', '--save-config');
      await program.run(
        'create',
        'role',
        'reader',
        '-n',
        'team-a',
        '--verb=get',
        '--resource=mcpservers.muster.giantswarm.io',
      );
      await program.run(
        'create',
        'rolebinding',
        'readers',
        '-n',
        'team-a',
        '--role=reader',
        '--group=oidc:blue',
        '--user=ada@example.com',
      );
      const review = accessReviewer(
        connectClusterToken({ url: own.url, caPem: own.caPem, source: fixedToken(token) }),
      );
      const answers = [
        await review({ user: 'ada@example.com', groups: [] }, 'team-a'),
        await review({ user: 'grace@example.com', groups: ['oidc:blue'] }, 'team-a'),
        await review({ user: 'grace@example.com', groups: ['blue'] }, 'team-a'),
        await review({ user: 'ada@example.com', groups: [] }, 'default'),
      ];
      expect(answers).toEqual([true, true, false, false]);
      await program.run(
        'delete',
        '-k',
        new URL('../../manifests/access-review', import.meta.url).pathname,
      );
      await expect(review({ user: 'ada@example.com', groups: [] }, 'team-a')).rejects.toThrow(
        'does not let us create subjectaccessreviews',
      );
    });
  },
);
