/** What is changed: one small mistake each, of the kind that people make. */
import ts from 'typescript';

/** Another expression in the place of one. */
type Change = { readonly label: string; readonly code: string };

/** A text on one line, cut where it is long. */
export const short = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 87)}...` : line;
};

const operators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '+=': ['-='],
  '^': ['&'],
  '>>>': ['<<'],
};

const methods: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  round: 'floor',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  find: 'findLast',
  findLast: 'find',
};

/** Calls that give nearly the same without them. */
const skippable = new Set(['filter', 'slice', 'toSorted', 'toLowerCase', 'replace', 'replaceAll']);

/** The changes of this expression itself; those of its parts are theirs. */
export function changesOf(node: ts.Node, source: ts.SourceFile): readonly Change[] {
  const text = (part: ts.Node): string => part.getText(source);
  const to = (code: string): Change => ({ label: `${short(text(node))} -> ${short(code)}`, code });
  return [
    ...(ts.isBinaryExpression(node) ? operatorChanges(node, text) : []),
    ...ownChanges(node, text).map(to),
    ...(isCondition(node) ? verdicts(node).map(to) : []),
    ...(ts.isObjectLiteralExpression(node) && isTable(node) ? swaps(node, text) : []),
  ];
}

/** A condition that always, or never, holds. A loop that never ends shows nothing. */
const verdicts = (node: ts.Node): readonly string[] =>
  isLoop(node.parent) ? ['false'] : ['true', 'false'];

function operatorChanges(
  node: ts.BinaryExpression,
  text: (part: ts.Node) => string,
): readonly Change[] {
  const [left, right] = [text(node.left), text(node.right)];
  return (operators[text(node.operatorToken)] ?? []).map((operator) => ({
    label: `${short(text(node))} -> ${operator}`,
    code: operator === '-=' ? `${left} -= ${right}` : `(${left}) ${operator} (${right})`,
  }));
}

function ownChanges(node: ts.Node, text: (part: ts.Node) => string): readonly string[] {
  if (ts.isPrefixUnaryExpression(node)) return [text(node.operand)];
  if (ts.isNumericLiteral(node)) {
    const value = Number(node.text);
    return value === 0 ? ['1'] : [String(value + 1), String(value - 1)];
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false'];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true'];
  if (ts.isStringLiteral(node)) return node.text === '' ? ["'x'"] : ["''"];
  if (ts.isTemplateExpression(node)) return ["''"];
  if (ts.isConditionalExpression(node))
    return [`${text(node.condition)} ? ${text(node.whenFalse)} : ${text(node.whenTrue)}`];
  if (ts.isCallExpression(node)) return callChanges(node, text);
  if (ts.isRegularExpressionLiteral(node)) return anchors(text(node));
  return [];
}

function callChanges(
  { expression, arguments: given }: ts.CallExpression,
  text: (part: ts.Node) => string,
): readonly string[] {
  if (!ts.isPropertyAccessExpression(expression)) return [];
  const { expression: of, name } = expression;
  if (skippable.has(name.text)) return [text(of)];
  const other = methods[name.text];
  return other === undefined ? [] : [`${text(of)}.${other}(${given.map(text).join(', ')})`];
}

/** A pattern that begins or ends anywhere. */
const anchors = (pattern: string): readonly string[] => [
  ...(pattern.startsWith('/^') ? [pattern.replace('/^', '/')] : []),
  ...(/\$\/[a-z]*$/.test(pattern) ? [pattern.replace(/\$(\/[a-z]*)$/, '$1')] : []),
];

/** The value of a constant of the module. */
const isTable = (node: ts.Node): boolean => {
  let up = node.parent;
  while (ts.isAsExpression(up) || ts.isSatisfiesExpression(up)) up = up.parent;
  return ts.isVariableDeclaration(up) && ts.isSourceFile(up.parent.parent.parent);
};

/** Two neighbors of a table whose values are the wrong way round. */
function swaps(
  { properties }: ts.ObjectLiteralExpression,
  text: (part: ts.Node) => string,
): readonly Change[] {
  const rows = properties.filter(ts.isPropertyAssignment);
  return rows.slice(1).flatMap((row, index) => {
    const before = rows[index];
    if (before === undefined || text(before.initializer) === text(row.initializer)) return [];
    const swapped = properties.map((one) => {
      if (one === row) return `${text(row.name)}: ${text(before.initializer)}`;
      return one === before ? `${text(before.name)}: ${text(row.initializer)}` : text(one);
    });
    const label = `${text(before.name)} and ${text(row.name)} swapped`;
    return [{ label, code: `{ ${swapped.join(', ')} }` }];
  });
}

const isCondition = (node: ts.Node): boolean => {
  const { parent } = node;
  return (
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isForStatement(parent) && parent.condition === node) ||
    (ts.isWhileStatement(parent) && parent.expression === node)
  );
};

/** A loop of any kind, with its body. */
export const isLoop = (
  node: ts.Node,
): node is ts.ForStatement | ts.ForOfStatement | ts.WhileStatement =>
  ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isWhileStatement(node);

/** What stands for a member of an array or of an object that is not there. */
export function lostMemberOf(node: ts.Node): '[]' | '{}' | undefined {
  if (ts.isArrayLiteralExpression(node.parent)) return '[]';
  return ts.isObjectLiteralExpression(node.parent) ? '{}' : undefined;
}

/** A step that can be left out: what it does, or where it ends early. */
export const isRemovable = (node: ts.Node): boolean =>
  ts.isExpressionStatement(node) ||
  ts.isThrowStatement(node) ||
  (ts.isReturnStatement(node) && !isLastOfFunction(node));

const isLastOfFunction = (node: ts.Node): boolean => {
  const { parent } = node;
  return (
    ts.isBlock(parent) && ts.isFunctionLike(parent.parent) && parent.statements.at(-1) === node
  );
};
