/** One line on a terminal that is there while something takes long, and gone afterwards. */
export type WaitingLine = {
  /**
   * Shows `text` from 300 ms on until the promise settles; the outcome is the promise's. Of several
   * at once it shows the first one that was begun.
   */
  readonly waitingFor: <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;
  /** The same for a request: it is shown only where no command says what it waits for. */
  readonly waitingOn: <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;
  /** Erases the line before something else is printed. It comes back a second later. */
  readonly erase: () => void;
};

/** As far as a stream of Node is needed. */
export type LineStream = {
  readonly isTTY: boolean;
  /** 0 or absent where a terminal reports no size. */
  readonly columns?: number;
  readonly write: (text: string) => unknown;
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
  stream: LineStream,
  environment: Readonly<Record<string, string | undefined>>,
  onShow: () => void,
): WaitingLine {
  const canErase = stream.isTTY && environment['TERM'] !== 'dumb' && !environment['CI'];
  if (!canErase)
    return {
      waitingFor: (_text, promise) => promise,
      waitingOn: (_text, promise) => promise,
      erase: () => undefined,
    };
  let isShown = false;
  let timer: NodeJS.Timeout | undefined;
  let [busySince, idleSince] = [0, -Infinity];
  const active: { readonly text: string; readonly isRequest: boolean }[] = [];
  const erase = () => {
    if (isShown) stream.write(eraseLine);
    isShown = false;
  };
  const tickIn = (spanMs: number) => {
    timer = setTimeout(tick, spanMs);
    // It is no reason for the process to go on.
    timer.unref();
  };
  const tick = () => {
    timer = undefined;
    const first = active.find(({ isRequest }) => !isRequest) ?? active[0];
    if (first === undefined) return;
    const seconds = Math.floor((performance.now() - busySince) / 1000);
    const line = `${first.text}...${seconds === 0 ? '' : ` ${String(seconds)} s`}`;
    onShow();
    stream.write(`${eraseLine}${line.slice(0, (stream.columns || 80) - 1)}`);
    isShown = true;
    tickIn(tickMs);
  };
  const shown =
    (isRequest: boolean): WaitingLine['waitingFor'] =>
    async (text, promise) => {
      const wait = { text, isRequest };
      // Many short requests one after another are one long wait.
      if (active.length === 0 && performance.now() - idleSince > tickMs)
        busySince = performance.now();
      active.push(wait);
      if (timer === undefined) tickIn(silentMs);
      try {
        return await promise;
      } finally {
        active.splice(active.indexOf(wait), 1);
        if (active.length === 0) {
          idleSince = performance.now();
          erase();
        }
      }
    };
  return { erase, waitingFor: shown(false), waitingOn: shown(true) };
}
