/**
 * What the site does to blocks of code: plugins of Expressive Code, which run after its own. In a
 * `console` block, a line that begins with `$ ` is a command, and the others are its output.
 */
import { definePlugin } from '@astrojs/starlight/expressive-code';
import { type Element, type ElementContent, h } from '@astrojs/starlight/expressive-code/hast';
import { statusWords, toneOf } from './markdown/status-words.ts';

/** Code that scrolls can be scrolled by keyboard, and is not a landmark of the page. */
const scrollsByKeyboard = definePlugin({
  name: 'scrolls-by-keyboard',
  hooks: {
    postprocessRenderedBlock: ({ renderData: { blockAst } }) => {
      for (const node of blockAst.children)
        if (node.type === 'element' && node.tagName === 'pre') node.properties['tabIndex'] = 0;
    },
  },
});

/** STATE and SESSION in the output of a command have the colors that a terminal shows. */
const statusesInOutput = definePlugin({
  name: 'statuses-in-output',
  hooks: {
    postprocessRenderedLine: ({ codeBlock, line, renderData }) => {
      if (codeBlock.language !== 'console' || isCommand(line.text)) return;
      replaceTexts(renderData.lineAst, (text) => {
        const parts: ElementContent[] = [];
        let end = 0;
        for (const { 0: word, index } of text.matchAll(statusWords)) {
          const tone = toneOf(word);
          parts.push({ type: 'text', value: text.slice(end, index) });
          parts.push(h('span', { className: ['status', `status-${tone}`] }, word));
          end = index + word.length;
        }
        return [...parts, { type: 'text', value: text.slice(end) }];
      });
    },
  },
});

/** A copy button takes one command, without its prompt and without what it printed. */
const commandsAreCopied = definePlugin({
  name: 'commands-are-copied',
  hooks: {
    postprocessRenderedLine: ({ codeBlock, line, renderData: { lineAst } }) => {
      if (codeBlock.language !== 'console' || !isCommand(line.text)) return;
      replaceTexts(lineAst, (text) =>
        isCommand(text)
          ? [
              h('span', { className: ['prompt'] }, prompt),
              { type: 'text', value: text.slice(prompt.length) },
            ]
          : [{ type: 'text', value: text }],
      );
    },
    postprocessRenderedBlock: ({ codeBlock, renderData: { blockAst } }) => {
      if (codeBlock.language !== 'console') return;
      const commands = codeBlock.code.split('\n').filter(isCommand).map(withoutPrompt);
      const at = blockAst.children.findIndex((node) => hasClass(node, 'copy'));
      const copy = blockAst.children[at];
      if (copy?.type !== 'element' || commands.length === 0) return;
      if (commands.length > 1) blockAst.children.splice(at, 1);
      const lines = linesOf(blockAst).filter((line) => isCommand(textOf(line)));
      for (const [index, command] of commands.entries()) {
        const own = structuredClone(copy);
        for (const button of own.children)
          if (button.type === 'element' && button.tagName === 'button')
            Object.assign(button.properties, {
              dataCode: command,
              title: `Copy ${command}`,
            });
        if (commands.length > 1) lines[index]?.children.push(own);
        else blockAst.children[at] = own;
      }
    },
  },
});

export const codeBlockPlugins = [scrollsByKeyboard, statusesInOutput, commandsAreCopied];

const prompt = '$ ';
const isCommand = (line: string): boolean => line.startsWith(prompt);
const withoutPrompt = (line: string): string => line.slice(prompt.length);

const hasClass = (node: ElementContent, name: string): boolean => {
  if (node.type !== 'element') return false;
  const classes = node.properties['className'];
  return Array.isArray(classes) && classes.includes(name);
};

const textOf = (node: ElementContent): string =>
  node.type === 'text' ? node.value : 'children' in node ? node.children.map(textOf).join('') : '';

/** The elements with the text of each line. */
const linesOf = (node: Element): readonly Element[] =>
  node.children.flatMap((child) =>
    child.type !== 'element' ? [] : hasClass(child, 'code') ? [child] : linesOf(child),
  );

/** Puts other nodes in the place of each text. */
function replaceTexts(node: Element, of: (text: string) => readonly ElementContent[]): void {
  node.children = node.children.flatMap((child) => {
    if (child.type === 'element') replaceTexts(child, of);
    return child.type === 'text' ? of(child.value) : [child];
  });
}
