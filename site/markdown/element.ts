import type { HastNode } from 'satteri';

export type Element = Extract<HastNode, { type: 'element' }>;

/** Without the text and the comments beside it. */
export const isElement = (node: Readonly<HastNode>): node is Element => node.type === 'element';
