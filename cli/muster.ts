import './runtime.ts';
import { CliError, type ExitCode, exitCodes } from './context.ts';
import { groupHelp, help } from './help.ts';
import { parse } from './parse.ts';
import { contextOf, info, interruption, print } from './terminal.ts';
import { oneLine } from '../functions/model/outside-text.ts';

/**
 * The `muster` command: runs one command and returns its exit code. Data goes to stdout, messages
 * to stderr.
 */
export async function muster(argv: readonly string[]): Promise<ExitCode> {
  try {
    const parsed = parse(argv);
    switch (parsed.kind) {
      case 'version':
        print(`muster ${process.env['MUSTER_VERSION'] ?? 'from source'}\n`);
        return exitCodes.done;
      case 'help':
        print(help(parsed.command));
        return exitCodes.done;
      case 'groupHelp':
        print(groupHelp(parsed.group));
        return exitCodes.done;
      case 'incomplete':
        // Like kubectl's usage errors: stderr, because a script that reads stdout did not ask for help.
        info(`muster ${parsed.group} needs a subcommand\n\n${groupHelp(parsed.group).trimEnd()}`);
        return exitCodes.error;
      case 'run':
        return await parsed.command.run(contextOf(parsed));
    }
  } catch (error) {
    return reportError(error);
  }
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
    return error.exitCode;
  }
  info(
    `Error: ${error instanceof Error ? oneLine(error.message, longestMessage) : 'unexpected error'}`,
  );
  return exitCodes.error;
}

// `muster list | head -1` closes stdout early; that is not an error.
process.stdout.on('error', (error) => {
  if (!('code' in error && error.code === 'EPIPE')) throw error;
});

// An error that no code awaits is printed like any other, without a stack.
process.on('uncaughtException', (error) => process.exit(reportError(error)));

void muster(process.argv.slice(2)).then((code) => {
  if (code === exitCodes.interrupted) interruption.end();
  else process.exitCode = code;
});
