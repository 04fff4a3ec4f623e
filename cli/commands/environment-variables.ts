/**
 * Every variable that the command reads, itself or by Node, for the help and the reference pages.
 * An empty one counts as not set.
 */
export const environmentVariables: readonly (readonly [string, string])[] = [
  ['MUSTER_SERVERLESS_ENDPOINT', 'URL of the muster endpoint.'],
  ['MUSTER_ENDPOINT', 'The same, if MUSTER_SERVERLESS_ENDPOINT is not set.'],
  ['MUSTER_CONTEXT', 'Name of the context to use, if neither of them is set.'],
  [
    'MUSTER_TOKEN',
    'ID token for scripts. It is sent instead of your sign-in on this machine, can only read, and is never stored.',
  ],
  ['MUSTER_TIMEOUT', 'How long to wait for each response, such as 5s or 1m. --timeout wins.'],
  ['NO_COLOR', 'Print no colors.'],
  ['CLICOLOR_FORCE', 'Print colors also where stdout is not a terminal. 0: print none.'],
  ['FORCE_COLOR', 'The same.'],
  ['CLICOLOR', '0: print no colors.'],
  ['TERM', 'dumb: print no colors, and no line that is erased later.'],
  ['CI', 'Print no line that is erased later.'],
  ['HTTPS_PROXY', 'URL of the proxy for https addresses.'],
  ['ALL_PROXY', 'The same, if HTTPS_PROXY is not set.'],
  [
    'NO_PROXY',
    'Hosts that are reached without a proxy, with commas between them. The names of these three are also read in small letters.',
  ],
  ['NODE_EXTRA_CA_CERTS', 'File with further certificate authorities that you trust.'],
  [
    'XDG_CONFIG_HOME',
    'Folder that holds muster-serverless, the folder of your sign-in. Default: ~/.config, on Windows APPDATA.',
  ],
  ['APPDATA', 'The same on Windows, if XDG_CONFIG_HOME is not set.'],
  ['HOME', 'Your home folder.'],
  ['DISPLAY', 'On Linux a browser is opened only if DISPLAY or WAYLAND_DISPLAY is set.'],
  ['WAYLAND_DISPLAY', 'The same.'],
];
