import assert from 'node:assert/strict';
import type { DeployedContext } from './deployed-context.ts';
import { done, type Step } from '../../deploy/smoke/step.ts';

export const useSteps: readonly Step<DeployedContext>[] = [
  {
    title: 'an MCP client uses a server through muster connect, as the person',
    run: async ({ command, connect, server }) => {
      for (const words of [[], ['--server', server]]) {
        const { code, stderr } = await command('auth', 'login', ...words);
        assert.equal(code, 0, stderr);
      }
      const client = await connect(server);
      assert.equal(await client.echo('over AWS'), 'Echo: over AWS');
      await client.close();
      return done;
    },
  },
];
