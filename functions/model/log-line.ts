/**
 * A line of the log. What it says beside `message` are facts; secrets, tokens and bodies are never
 * among them.
 */
export type LogLine = {
  readonly message: string;
  readonly level?: 'info' | 'warn' | 'error';
} & Readonly<Record<string, unknown>>;
