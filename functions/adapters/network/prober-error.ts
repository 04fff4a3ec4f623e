/** The probe failed on our own side: it says nothing about the server. */
export class ProberError extends Error {
  override readonly name = 'ProberError';
}
