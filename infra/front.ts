/** At which address AWS serves the endpoint, and where AWS counts its answers. */
import type { Front } from './arguments/front.ts';
import { throttle } from './throttle.ts';

export type Address = {
  readonly url: $util.Output<string>;
  /** Answers with 5xx. */
  readonly errors: Counted;
  /** Milliseconds from the request to the answer. */
  readonly latency: Counted;
};
type Counted = {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>;
};

/**
 * Whether the function has a URL of its own. It checks tokens itself. Its callers are command lines,
 * not pages of other sites.
 */
export const functionUrlOf = (front: Front): Pick<sst.aws.FunctionArgs, 'url'> =>
  front === 'function-url' ? { url: { authorization: 'none', cors: false } } : {};

export function addressOf(front: Front, api: sst.aws.Function): Address {
  switch (front) {
    case 'function-url': {
      const counted = { namespace: 'AWS/Lambda', dimensions: { FunctionName: api.name } };
      return {
        url: api.url,
        errors: { ...counted, name: 'Url5xxCount' },
        latency: { ...counted, name: 'UrlRequestLatency' },
      };
    }
    case 'api-gateway': {
      const gateway = makeGateway(api);
      const counted = {
        namespace: 'AWS/ApiGateway',
        dimensions: { ApiId: gateway.nodes.api.id },
      };
      return {
        url: gateway.url,
        errors: { ...counted, name: '5xx' },
        latency: { ...counted, name: 'Latency' },
      };
    }
  }
}

function makeGateway(api: sst.aws.Function): sst.aws.ApiGatewayV2 {
  const gateway = new sst.aws.ApiGatewayV2('Front', {
    cors: false,
    transform: {
      stage: (stage) => {
        stage.defaultRouteSettings = {
          throttlingRateLimit: throttle.requestsPerSecond,
          throttlingBurstLimit: throttle.burst,
        };
        // A line for each request would cost more than the requests, and anyone may send them.
        delete stage.accessLogSettings;
      },
    },
  });
  // By its ARN: given by name or arguments, SST would make a function of its own for the route.
  gateway.route('$default', api.arn);
  return gateway;
}
