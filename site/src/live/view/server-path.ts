/** The routes of one server, relative to this origin. */
export const serverPath = (
  { namespace, name }: { readonly namespace: string; readonly name: string },
  rest = '',
): string => `/v1/mcpservers/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${rest}`;
