/**
 * Whether text of a party that was sent a secret may repeat it: whole, in a piece of four or more
 * characters, or in a run of eight letters and digits, whatever stands between them.
 */
export function repeatsSecret(text: string, secret: string): boolean {
  const ofSecret = new Set(runsOf(secret));
  // A short piece has no run of its own, and neither has one that is mostly dashes.
  const isPiece = text.length >= shortestPiece && secret.includes(text);
  return isPiece || runsOf(text).some((run) => ofSecret.has(run));
}

/**
 * The same for a sentence: none of its words may be a piece of a secret, and it may hold no secret
 * that is shorter than a run.
 */
export const sentenceRepeats = (sentence: string, secrets: readonly string[]): boolean =>
  secrets
    .filter((secret) => secret.length >= shortestPiece)
    .some(
      (secret) =>
        sentence.includes(secret) ||
        repeatsSecret(sentence, secret) ||
        sentence
          .split(/[^\w-]+/)
          .some((word) => word.length >= shortestPiece && secret.includes(word)),
    );

function runsOf(text: string): readonly string[] {
  const letters = text.replace(/[^A-Za-z0-9]/g, '');
  const count = Math.max(0, letters.length - sharedRun + 1);
  return Array.from({ length: count }, (_, start) => letters.slice(start, start + sharedRun));
}

const sharedRun = 8;
const shortestPiece = 4;
