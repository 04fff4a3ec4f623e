/** One line on a terminal that is there while something takes long, and gone afterwards. */
export type WaitingLine = {
  /** Shows `text` from 300 ms on until the promise settles; the outcome is the promise's. */
  readonly waitingFor: <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;
  /** Erases the line before something else is printed. It comes back a second later. */
  readonly erase: () => void;
};

/** What is faster needs no sign of life, and would only flicker. */
const silentMs = 300;
const tickMs = 1_000;

/** Back to the first column, and erase to the end of the line (ECMA-48, 8.3.41). */
const eraseLine = '\r\u001B[K';

/**
 * The line, on stderr. Without a terminal, on one that cannot erase (TERM=dumb) and in CI, whose
 * log would keep every line, nothing is shown. It never takes more than the width of the terminal,
 * because a line that has wrapped cannot be erased. `onShow` is called before.
 */
export function waitingLine(
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>,
  environment: Readonly<Record<string, string | undefined>>,
  onShow: () => void,
): WaitingLine {
  const canErase = stream.isTTY && environment['TERM'] !== 'dumb' && !environment['CI'];
  if (!canErase) return { waitingFor: (_text, promise) => promise, erase: () => undefined };
  let isShown = false;
  const erase = () => {
    if (isShown) stream.write(eraseLine);
    isShown = false;
  };
  const show = (line: string) => {
    onShow();
    stream.write(`${eraseLine}${line.slice(0, (stream.columns || 80) - 1)}`);
    isShown = true;
  };
  return {
    erase,
    waitingFor: async (text, promise) => {
      const startedAt = performance.now();
      let timer = setTimeout(tick, silentMs);
      function tick(): void {
        const seconds = Math.floor((performance.now() - startedAt) / 1000);
        show(`${text}...${seconds === 0 ? '' : ` ${String(seconds)} s`}`);
        timer = setTimeout(tick, tickMs);
      }
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        erase();
      }
    },
  };
}
