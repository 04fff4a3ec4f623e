/** PEM as it is, or encoded in base64, which fits on one line. */
export const pemOf = (text: string): string =>
  text.trimStart().startsWith('-----') ? text : Buffer.from(text, 'base64').toString();
