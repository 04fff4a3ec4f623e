import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Import = { readonly to: string; readonly isDynamic: boolean };

const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(`${root}/${file}`));

/** Every relative import of a file: of values and of types, static and dynamic. */
function importsOf(file: string): readonly Import[] {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isDynamic: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    if (!specifier.text.startsWith('.')) return;
    found.push({ to: posix.join(posix.dirname(file), specifier.text), isDynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      add(node.moduleSpecifier, false);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const graph = new Map(sources.map((file) => [file, importsOf(file)]));

/** The first way from a file back to itself; undefined where there is none. */
function circle(imports: ReadonlyMap<string, readonly Import[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const { to } of imports.get(file) ?? []) {
      const found = walk(to, [...way, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const found = walk(file, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

test('the graph is the real one', () => {
  expect(graph.size).toBeGreaterThan(250);
  expect(graph.get('functions/wiring/api-clients.ts')).toContainEqual({
    to: 'functions/wiring/signin-ports.ts',
    isDynamic: true,
  });
});

test('no file imports itself, by whatever way, not even for a type', () => {
  expect(circle(graph)).toBeUndefined();
});

test('a circle would be found', () => {
  const round = new Map([
    ['a.ts', [{ to: 'b.ts', isDynamic: false }]],
    ['b.ts', [{ to: 'c.ts', isDynamic: true }]],
    ['c.ts', [{ to: 'b.ts', isDynamic: false }]],
  ]);
  expect(circle(round)).toEqual(['b.ts', 'c.ts', 'b.ts']);
});

// The linter's walls are about import declarations; a dynamic import would pass them.
test('only the entries, the wiring and the command line load something later', () => {
  // The command line loads only parts of its own: what most starts do not need.
  const isOwn = (file: string, to: string) => file.startsWith('cli/') && to.startsWith('cli/');
  // Which way an exchange goes is known only when it is asked for.
  const isUndici = (to: string) => to === 'functions/adapters/network/undici-exchange.ts';
  const lazy = [...graph].filter(([file, imports]) =>
    imports.some(({ isDynamic, to }) => isDynamic && !isOwn(file, to) && !isUndici(to)),
  );
  const outside = lazy
    .map(([file]) => file)
    .filter((file) => /^(functions|cli|site|infra)\//.test(file))
    .filter((file) => !/^functions\/([^/]+|wiring\/[^/]+)\.ts$/.test(file));
  expect(outside).toEqual([]);
});

test('nobody but sst.config.ts and what stands outside the walls imports the stack', () => {
  const importers = [...graph]
    .filter(([, imports]) => imports.some(({ to }) => to.startsWith('infra/')))
    .map(([file]) => file)
    .filter((file) => !/^(infra|deploy|test|bench|local)\//.test(file));
  expect(importers).toEqual(['sst.config.ts']);
});
