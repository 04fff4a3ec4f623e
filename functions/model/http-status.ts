// What a reverse proxy or load balancer answers while the server behind it is down: RFC 9110, and
// Cloudflare's 52x and 530.
const gatewayStatuses: ReadonlySet<number> = new Set([502, 503, 504, 521, 522, 523, 525, 526, 530]);

/** Whether a gateway says by this status that the server behind it is down. */
export const isGatewayStatus = (status: number): boolean => gatewayStatuses.has(status);

// An egress proxy and a captive portal (RFC 6585) answer these.
const proberStatuses: ReadonlySet<number> = new Set([407, 511]);

/** Whether the answer comes from the prober's own side of the network. */
export const isProberStatus = (status: number): boolean => proberStatuses.has(status);
