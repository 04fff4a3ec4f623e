/** `ETag` of RFC 9110, section 8.8.3. Undefined for one that is too odd to be sent back. */
export const entityTag = (header: string | null | undefined): string | undefined =>
  header && /^(W\/)?"[!#-~]{1,200}"$/.test(header) ? header : undefined;
