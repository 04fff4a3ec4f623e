/**
 * What a person types, command by command. `muster` is left out. Each scene becomes a file beside
 * this one: update them with `npx vitest run test/cli/transcripts.test.ts -u`, and read the diff.
 */
export type Person =
  /** Signed in to muster, and to server-a. */
  | 'ada'
  /** Signs in and out as the scene goes on. Begins signed out. */
  | 'grace'
  /** Never signs in. */
  | 'nobody';

export type Typed = {
  readonly line: string;
  /** Default: ada. */
  readonly as?: Person;
  /** Once more with colors. */
  readonly colors?: true;
};

export type Scene = {
  /** The words of the command, or what the scene is about. */
  readonly about: string;
  readonly typed: readonly (string | Typed)[];
};

export const scenes: readonly Scene[] = [
  {
    about: 'help',
    typed: [
      '',
      '--help',
      'help flags',
      'help environment',
      'help exit-codes',
      'help bogus',
      'auth',
      'auth --help',
      'context -h',
      'version -h',
    ],
  },
  {
    about: 'typos',
    typed: [
      'lst mcpserver',
      'mcpserver list',
      'login',
      'list mcpserver --outptu json',
      'list mcpserver -o jsn',
      'list mcpserver -n Team_A',
      'list mcpserver --timeout soon',
      'get server-a',
      'check server-a server-b/x/y',
      '--frob',
    ],
  },
  {
    about: 'list mcpserver',
    typed: [
      'list mcpserver --help',
      { line: 'list mcpserver', colors: true },
      { line: 'list mcpserver', as: 'nobody' },
      'list mcpserver -A --no-headers',
      { line: 'list mcpserver -o wide', colors: true },
      'list mcpserver -o name',
      'list mcpserver -o json',
      'list mcpserver -n nowhere',
      'ls --needs repair',
      'ls --needs sign-in -o name',
      'ls --state Failed,Connecting --columns name,state,reason',
      'ls --sort-by state --limit 2',
      'ls -l tier=gold',
      'ls -l tier=',
      'ls --state Down',
      'ls --columns name,stat',
      { line: 'ls --session Authenticated', as: 'nobody' },
    ],
  },
  {
    about: 'get mcpserver',
    typed: [
      'get mcpserver --help',
      { line: 'get mcpserver server-a', colors: true },
      'get mcpserver server-a -o json',
      'get mcpserver server-c -o yaml',
      'get mcpserver server-a server-c',
      'get mcpserver server-x',
      'get mcpserver SERVER-A',
    ],
  },
  {
    about: 'describe',
    typed: [
      'describe --help',
      { line: 'describe server-a', colors: true },
      'describe server-b',
      'describe server-c',
      { line: 'describe server-a', as: 'nobody' },
      'describe server-c -o json',
      'describe servr-a',
    ],
  },
  {
    about: 'check',
    typed: [
      'check --help',
      { line: 'check server-a', colors: true },
      'check server-a --explain',
      'check server-b --sign-in',
      'check server-d -o json',
      'check server-b --sign-in -o json',
      'check server-a server-c',
      'check server-a --verify',
      'check server-b --verify',
      'check ../x',
      { line: 'check server-a', as: 'nobody' },
    ],
  },
  {
    about: 'wait',
    typed: [
      'wait --help',
      'wait server-a',
      'wait server-c --timeout 0',
      'wait server-b --for=session=Authenticated --timeout 0',
      'wait server-c --for=state=Broken',
      'wait server-a --for=deleted --timeout 0',
    ],
  },
  {
    about: 'events',
    typed: ['events --help', 'events server-c', 'events server-a -o json', 'events server-x'],
  },
  {
    about: 'connect',
    typed: [
      'connect --help',
      'connect server-a --print claude',
      'connect server-a --print codex',
      'connect server-a --print emacs',
      'connect',
      'connect a/b/c',
    ],
  },
  {
    about: 'auth login',
    typed: [
      'auth login --help',
      { line: 'auth login', as: 'nobody' },
      { line: 'auth login --server server-a', as: 'nobody' },
      { line: 'auth login', as: 'grace' },
      { line: 'auth login --server server-b', as: 'grace' },
      { line: 'auth login --server server-c', as: 'grace' },
      { line: 'auth login --server server-d', as: 'grace' },
      { line: 'auth login --all', as: 'grace' },
      { line: 'auth login --all --server server-a', as: 'grace' },
    ],
  },
  {
    about: 'auth status',
    typed: [
      'auth status --help',
      { line: 'auth status', colors: true },
      { line: 'auth status', as: 'nobody' },
      { line: 'auth status --server server-a', colors: true },
      'auth status --server server-b',
      'auth status --verify',
      'auth status -o json',
      'auth status --server server-b -o json',
      { line: 'auth status -o json', as: 'nobody' },
    ],
  },
  {
    about: 'auth whoami',
    typed: [
      'auth whoami --help',
      'auth whoami',
      'auth whoami -o json',
      { line: 'auth whoami', as: 'nobody' },
    ],
  },
  {
    about: 'auth token',
    typed: [
      'auth token --help',
      'auth token',
      'auth token --server server-a',
      'auth token --server server-b',
      'auth token --server server-d',
      { line: 'auth token --server server-a', as: 'nobody' },
    ],
  },
  {
    about: 'auth keys',
    typed: [
      'auth keys --help',
      { line: 'auth keys', colors: true },
      'auth keys -o json',
      'auth keys --remove bogus',
      { line: 'auth keys', as: 'nobody' },
    ],
  },
  {
    about: 'context add',
    typed: [
      'context add --help',
      { line: 'context add prod ENDPOINT', as: 'grace' },
      { line: 'context add prod https://127.0.0.1:1', as: 'grace' },
      { line: 'context add a/b ENDPOINT', as: 'grace' },
    ],
  },
  {
    about: 'context list',
    typed: [
      'context list --help',
      { line: 'context list', as: 'grace', colors: true },
      { line: 'context list -o json', as: 'grace' },
      { line: 'context list', as: 'nobody' },
    ],
  },
  {
    about: 'context use',
    typed: [
      'context use --help',
      { line: 'context use prod', as: 'grace' },
      { line: 'context use bogus', as: 'grace' },
    ],
  },
  {
    about: 'context current',
    typed: [
      'context current --help',
      { line: 'context current', as: 'grace' },
      { line: 'context current -o json', as: 'grace' },
      { line: 'context current --context bogus', as: 'grace' },
    ],
  },
  {
    about: 'context rename',
    typed: [
      'context rename --help',
      { line: 'context rename prod live', as: 'grace' },
      { line: 'context rename prod live', as: 'grace' },
    ],
  },
  {
    about: 'context delete',
    typed: [
      'context delete --help',
      { line: 'context delete bogus', as: 'grace' },
      { line: 'context delete live', as: 'grace' },
    ],
  },
  {
    about: 'auth logout',
    typed: [
      'auth logout --help',
      { line: 'auth logout --server server-b', as: 'grace' },
      { line: 'auth logout', as: 'grace' },
      { line: 'auth logout', as: 'nobody' },
    ],
  },
  {
    about: 'completion',
    typed: [
      'completion --help',
      'completion bash',
      'completion zsh',
      'completion fish',
      'completion powershell',
      'completion tcsh',
    ],
  },
  {
    about: 'version',
    typed: ['version --help', 'version', 'version --client', 'version -o json', '--version', '-v'],
  },
];
