import ts from 'typescript';
import { changesOf, isLoop, isRemovable, lostMemberOf, short } from './operators.ts';

/** One change of a source that a test has to notice. */
export type Mutant = {
  /** Its place in the file: what `isMutated` is called with. */
  readonly index: number;
  /** File, declaration and change, without line numbers: it stays when code around it moves. */
  readonly name: string;
};

export type MutatedSource = { readonly code: string; readonly mutants: readonly Mutant[] };

/**
 * A source that holds all of its mutants at once: each place asks `isMutated(index)` whether it is
 * changed. `countLoop()` is called by each turn of a loop, so that an endless one can be ended.
 */
export function mutantsIn(file: string, text: string): MutatedSource {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const seen = new Map<string, number>();
  const add = (node: ts.Node, change: string): number => {
    const name = `${file} ${declarationOf(node)}: ${change}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    const index = mutants.length;
    mutants.push({ index, name: times === 1 ? name : `${name} (${times})` });
    return index;
  };

  function inside(node: ts.Node): string {
    let code = '';
    let done = node.getStart(source);
    node.forEachChild((child) => {
      if (!isCode(child)) return;
      code += text.slice(done, child.getStart(source)) + render(child);
      done = child.end;
    });
    return code + text.slice(done, node.end);
  }

  function render(node: ts.Node): string {
    let code = inside(node);
    for (const { label, code: changed } of changesOf(node, source))
      code = `(isMutated(${add(node, label)}) ? ${changed} : ${code})`;
    const empty = lostMemberOf(node);
    if (empty !== undefined) {
      const index = add(node, `without ${short(node.getText(source))}`);
      const member = empty === '[]' ? `[${code}]` : `{${code}}`;
      code = `...(isMutated(${index}) ? ${empty} : ${member})`;
    }
    if (isRemovable(node))
      // In a block, so that no `else` behind it is taken for its own.
      code = `{ if (!isMutated(${add(node, `without ${short(node.getText(source))}`)})) { ${code} } }`;
    if (ts.isStatement(node) && isLoop(node.parent) && node.parent.statement === node)
      code = `{ countLoop(); ${code} }`;
    return code;
  }

  const code = inside(source);
  return { code, mutants };
}

/** Types do nothing at run time, and names are not values. */
const isCode = (node: ts.Node): boolean =>
  !ts.isTypeNode(node) &&
  !ts.isTypeParameterDeclaration(node) &&
  !ts.isImportDeclaration(node) &&
  !ts.isExportDeclaration(node) &&
  !ts.isTypeAliasDeclaration(node) &&
  !ts.isInterfaceDeclaration(node) &&
  !(ts.isPropertyAssignment(node.parent) && node.parent.name === node);

/** The innermost function or constant with a name. */
function declarationOf(node: ts.Node): string {
  for (let up = node.parent; !ts.isSourceFile(up); up = up.parent) {
    const name =
      ts.isFunctionDeclaration(up) ||
      (ts.isVariableDeclaration(up) && ts.isSourceFile(up.parent.parent.parent))
        ? up.name
        : undefined;
    if (name !== undefined && ts.isIdentifier(name)) return name.text;
  }
  return 'the file';
}
