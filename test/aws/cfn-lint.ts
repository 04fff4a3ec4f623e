import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Template } from './template.ts';

const findingsSchema = z.array(
  z.object({
    Filename: z.string(),
    Message: z.string(),
    Rule: z.object({ Id: z.string() }),
    Location: z.object({ Path: z.array(z.union([z.string(), z.number()])) }),
  }),
);

/**
 * What cfn-lint says of each template, by the names that they have here: its rule, the place and
 * the reason. One run for all: loading the schemas of AWS takes longer than a template.
 */
export async function lint(
  venv: string,
  region: string,
  templates: Readonly<Record<string, Template>>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-lint-'));
  try {
    const names = Object.keys(templates);
    const files = names.map((_name, index) => join(folder, `${String(index)}.json`));
    await Promise.all(
      Object.values(templates).map((template, index) =>
        writeFile(files[index] ?? '', JSON.stringify(template)),
      ),
    );
    const findings = await run(join(venv, 'bin/cfn-lint'), [
      '--format',
      'json',
      '--regions',
      region,
      '--template',
      ...files,
    ]);
    return Object.fromEntries(
      names.map((name, index) => [
        name,
        findings
          .filter(({ Filename }) => Filename === files[index])
          .map(
            ({ Rule, Location, Message }) => `${Rule.Id} ${Location.Path.join('/')}: ${Message}`,
          ),
      ]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** It ends with a code that is not 0 where it finds something; its output says what. */
const run = (program: string, args: readonly string[]): Promise<z.infer<typeof findingsSchema>> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const findings = stdout === '' ? undefined : findingsSchema.safeParse(JSON.parse(stdout));
      if (findings?.success === true) resolve(findings.data);
      else reject(new Error(`cfn-lint failed: ${stderr}`, { cause: error }));
    });
  });
