/**
 * Processes that a benchmark has started. Those of Node end when their channel to it closes; other
 * programs notice nothing, so a run that is interrupted ends them itself.
 */
import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Ends this child with the process, also after Ctrl-C. */
export function ownChild<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** A signal becomes an ordinary exit, so that `exit` is heard. */
export function endOnSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
