/** The conditions that a server which answered gets, besides those that another verdict left. */
import {
  authRequiredReasons,
  type Condition,
  type ConditionStatus,
  type ConditionType,
  conditionOf,
  type ConnectedReason,
  type McpServer,
  speaksMcpReasons,
} from '../model/mcpserver.ts';
import { certificateWarning } from './certificate.ts';
import { signInByPost, type Verdict } from './classify.ts';

type Connected = Extract<Verdict, { kind: 'connected' }>;

/** A condition as this probe saw it, without times and generation. */
export type Observed = Pick<Condition, 'status' | 'reason' | 'message'> & {
  readonly type: ConditionType;
};

export function observedConditions(
  server: McpServer,
  verdict: Connected,
  at: Date,
): readonly Observed[] {
  const signIn = authRequired(server, verdict);
  const mcp = speaksMcp(server, verdict);
  const signInNow = signIn?.status ?? known(server, 'AuthRequired');
  const mcpNow = mcp?.status ?? known(server, 'SpeaksMCP');
  const { reason, message } = answerOf(verdict, signInNow, mcpNow);
  const warning = certificateWarning(verdict.certificateExpiresAt, at);
  return [
    {
      type: 'Reachable',
      status: 'True',
      reason,
      message: warning === undefined ? message : `${message} ${warning}`,
    },
    ...(signIn === undefined ? [] : [signIn]),
    ...(mcp === undefined ? [] : [mcp]),
  ];
}

/** What is known about the present spec. */
function known(
  { status, generation }: McpServer,
  type: ConditionType,
): ConditionStatus | undefined {
  const condition = conditionOf(status, type);
  return condition?.observedGeneration === generation ? condition.status : undefined;
}

/** What the GET got is not all: some endpoints answer only a POST, or refuse only that. */
function answerOf(
  { reason, message }: Connected,
  signIn: ConditionStatus | undefined,
  mcp: ConditionStatus | undefined,
): { readonly reason: ConnectedReason; readonly message: string } {
  if (reason !== 'Responded' && reason !== 'EndpointNotFound') return { reason, message };
  if (signIn === 'True') return { reason: 'AuthenticationRequired', message: signInByPost };
  return { reason: signIn === 'False' || mcp === 'True' ? 'Responded' : reason, message };
}

const signInMessages = {
  True: 'Each person has to sign in.',
  refused: 'Each person has to sign in: the server refuses MCP requests without a token.',
  unconfirmed: 'Each person has to sign in. The last MCP request got no answer.',
  False: 'The server answers without a sign-in.',
  Unknown: 'The server did not say whether it requires a sign-in.',
  unanswered: 'The MCP request that shows whether a sign-in is required got no answer.',
} as const;

function authRequired(server: McpServer, verdict: Connected): Observed | undefined {
  const observed = (is: ConditionStatus, message: string): Observed => ({
    type: 'AuthRequired',
    status: is,
    reason: authRequiredReasons[is],
    message,
  });
  const status = verdict.authRequired;
  if (status === undefined) return undefined;
  switch (status) {
    case 'False':
      return observed('False', signInMessages.False);
    case 'True':
      return observed('True', signInMessages[verdict.discover === 'refused' ? 'refused' : 'True']);
    case 'Unknown': {
      if (verdict.discover !== 'unanswered') return observed('Unknown', signInMessages.Unknown);
      // A request that hangs takes back nothing that is known.
      const before = known(server, 'AuthRequired');
      if (before === 'False') return undefined;
      return before === 'True'
        ? observed('True', signInMessages.unconfirmed)
        : observed('Unknown', signInMessages.unanswered);
    }
  }
}

/**
 * When the next look at sign-in is due: in every sweep whose GET is no longer refused, each hour
 * because the last one got no answer, or twice a day.
 */
export function nextLook({ status, message }: Condition): 'always' | 'hourly' | 'rarely' {
  if (message === signInMessages.unanswered || message === signInMessages.unconfirmed)
    return 'hourly';
  return status === 'True' && message !== signInMessages.refused ? 'always' : 'rarely';
}

const mcpMessages = {
  True: 'The server answered an MCP request.',
  False: 'Something answers, and it is not an MCP server.',
  Unknown: 'No answer showed whether this is an MCP server.',
} as const;

function speaksMcp(server: McpServer, verdict: Connected): Observed | undefined {
  const before = known(server, 'SpeaksMCP');
  const status = verdict.speaksMcp ?? (verdict.authRequired === 'True' ? 'Unknown' : undefined);
  if (status === undefined) return undefined;
  // A server that refused the request, or did not answer, has not shown that it changed.
  const isSilent =
    status === 'Unknown' && (verdict.authRequired === 'True' || verdict.discover !== undefined);
  if (isSilent && (before === 'True' || (before === 'False' && verdict.discover === 'unanswered')))
    return undefined;
  return {
    type: 'SpeaksMCP',
    status,
    reason: speaksMcpReasons[status],
    message: mcpMessages[status],
  };
}
