import { defineMdastPlugin } from 'satteri';

/** Starlight prints the title of the page above the text. */
export const titlesAreNotRepeated = defineMdastPlugin({
  name: 'titles-are-not-repeated',
  heading(node, context) {
    if (node.depth === 1) context.removeNode(node);
  },
});
