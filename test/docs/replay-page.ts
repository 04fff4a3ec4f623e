import { type Fence, fencesIn, readPage, replaced } from './pages.ts';
import { masked, type Replay } from './replay.ts';

/** The page with the present output in each of its console blocks that `shown` selects. */
export async function replayedPage(
  name: string,
  replay: Replay,
  shown: (fence: Fence) => boolean = () => true,
): Promise<string> {
  const page = await readPage(name);
  const changed: { readonly at: number; readonly text: string; readonly real: string }[] = [];
  for (const fence of fencesIn(page)) {
    if (fence.language !== 'console' || !shown(fence)) continue;
    for (const event of fence.before) await replay.run(event, fence.world);
    const real = await replayedBlock(fence, replay);
    if (masked(real) !== masked(fence.text)) changed.push({ ...fence, real });
  }
  // From the end: the places of the others stay as they are.
  return changed.reduceRight((text, { real, ...part }) => replaced(text, part, real), page);
}

/** The block with the current output of its commands. */
async function replayedBlock({ text, world, during }: Fence, { run }: Replay): Promise<string> {
  let real = '';
  for (const [command = '', ...lines] of commandsIn(text)) {
    const printed = await run(command.slice(2).replace(/ +#.*$/, ''), world, during);
    real += `${command}\n${printed ?? lines.map((line) => `${line}\n`).join('')}`;
  }
  return real;
}

/** Each command of a console block, followed by the lines of its output. */
export const commandsIn = (text: string): readonly (readonly string[])[] =>
  text
    .split(/^(?=\$ )/m)
    .filter((part) => part.startsWith('$ '))
    .map((part) => part.trimEnd().split('\n'));
