import { CliError, type ExitCode, exitCodes } from './context.ts';
import { parse } from './parse.ts';
import { contextOf, info, interruption, print, stdout } from './terminal.ts';
import { oneLine } from '../functions/model/outside-text.ts';
import { version } from '../functions/model/version.ts';

/**
 * The `muster` command: runs one command and returns its exit code. Data goes to stdout, messages
 * to stderr.
 */
export async function muster(argv: readonly string[]): Promise<ExitCode> {
  try {
    if (argv[0] === '__complete') return await completed(argv.slice(1));
    const parsed = parse(argv);
    if (parsed.kind === 'run') return await parsed.command.run(contextOf(parsed));
    if (parsed.kind === 'version') {
      print(`muster ${version}\n`);
      return exitCodes.done;
    }
    const { helpText } = await import('./help.ts');
    // Like kubectl's usage errors: stderr, because a script that reads stdout did not ask for help.
    if (parsed.kind === 'incomplete') {
      info(`muster ${parsed.group} needs a subcommand.\n\n${helpText(parsed).trimEnd()}`);
      return exitCodes.error;
    }
    print(helpText(parsed));
    return exitCodes.done;
  } catch (error) {
    return reportError(error);
  }
}

/** For the scripts of `muster completion`. A request under way must not keep the shell waiting. */
async function completed(words: readonly string[]): Promise<ExitCode> {
  const { complete } = await import('./completion/complete.ts');
  const text = await complete(words, process.env);
  await new Promise((resolve) => stdout().write(text, resolve));
  return process.exit(exitCodes.done);
}

const longestMessage = 2_000;

/**
 * One line says what happened, one what to do next. No stack is printed: its text could hold a
 * secret.
 */
function reportError(error: unknown): ExitCode {
  if (error instanceof Error && error.name === 'AbortError' && interruption.isInterrupted())
    return exitCodes.interrupted;
  if (error instanceof CliError) {
    info(`Error: ${oneLine(error.message, longestMessage)}`);
    if (error.hint !== undefined) info(oneLine(error.hint, longestMessage));
    if (error.page !== undefined) info(`More: ${oneLine(error.page, longestMessage)}`);
    return error.exitCode;
  }
  info(
    `Error: ${error instanceof Error ? oneLine(error.message, longestMessage) : 'unexpected error'}`,
  );
  return exitCodes.error;
}

// An error that no code awaits is printed like any other, without a stack.
process.on('uncaughtException', (error) => process.exit(reportError(error)));

void muster(process.argv.slice(2)).then((code) => {
  if (code === exitCodes.interrupted) interruption.end();
  else process.exitCode = code;
});
