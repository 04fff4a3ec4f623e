/**
 * The table could not be read or written, for whatever reason. `detail` names the error of its
 * client; the message holds nothing of a row.
 */
export class TableUnavailable extends Error {
  override readonly name = 'TableUnavailable';
  readonly detail: string;

  constructor(cause: unknown) {
    const detail = cause instanceof Error ? cause.name : 'unknown error';
    super(`The table could not be used (${detail}).`);
    this.detail = detail;
  }
}
