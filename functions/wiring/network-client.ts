import { readFileSync } from 'node:fs';
import { defined } from '../model/defined.ts';
import { resolver } from '../adapters/network/dns.ts';
import { addressGuard } from '../adapters/network/guard.ts';
import type { NetworkSettings } from '../settings.ts';
import type { Connector } from '../adapters/network/connect.ts';
import { trustStore } from '../adapters/network/connect.ts';

/** How servers are reached: resolver, address guard and trusted authorities of the settings. */
export const createConnector = ({
  dnsServers,
  extraCaPem,
  extraCaFile,
  allowLocal,
  guardAllow,
  proxies,
}: NetworkSettings): Connector => ({
  ...defined({ proxies }),
  resolve: resolver({ servers: dnsServers }),
  guard: addressGuard({ allowLocal, allow: guardAllow }),
  secureContext: trustStore(
    extraCaPem,
    extraCaFile === undefined ? undefined : readFileSync(extraCaFile, 'utf8'),
  ),
});

/**
 * How addresses that the owner set are reached, such as the issuer: they may be in a private
 * network, which no manifest may lead us to. Cloud metadata services stay blocked.
 */
export const createIssuerConnector = (settings: NetworkSettings): Connector => ({
  ...createConnector(settings),
  guard: addressGuard({ allowLocal: true }),
});
