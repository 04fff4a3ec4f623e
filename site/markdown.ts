/**
 * What the site does to the Markdown of `docs/`: plugins of Satteri, a file for each reason. The
 * text itself stays as a forge shows it.
 */
import type { HastPluginEntry, MdastPluginEntry } from 'satteri';
import { caseTables } from './markdown/case-tables.ts';
import { diagrams } from './markdown/diagrams.ts';
import { termsAreExplained } from './markdown/glossary-tips.ts';
import { linksBetweenPages } from './markdown/links.ts';
import { markers } from './markdown/markers.ts';
import { reasonLinks } from './markdown/reason-links.ts';
import { statusesAreColored } from './markdown/status-words.ts';
import {
  cellsHaveHeads,
  emptyHeadersAreCells,
  rowsHaveAnchors,
  tablesScroll,
} from './markdown/tables.ts';
import { titlesAreNotRepeated } from './markdown/titles.ts';

export const mdastPlugins = [
  titlesAreNotRepeated,
  linksBetweenPages,
  diagrams,
  markers,
] satisfies MdastPluginEntry[];

export const hastPlugins = [
  caseTables,
  reasonLinks,
  cellsHaveHeads,
  rowsHaveAnchors,
  tablesScroll,
  emptyHeadersAreCells,
  statusesAreColored,
  termsAreExplained,
] satisfies HastPluginEntry[];
