import { docsLoader } from '@astrojs/starlight/loaders';
import { docsSchema } from '@astrojs/starlight/schema';
import { defineCollection } from 'astro:content';
import { headOf } from './head.ts';

const pages = docsLoader();

/**
 * The pages of `docs/` carry no front matter: the first heading is the title, the first paragraph
 * the description.
 */
export const collections = {
  docs: defineCollection({
    schema: docsSchema(),
    loader: {
      ...pages,
      load: (context) =>
        pages.load({
          ...context,
          parseData: async ({ filePath, ...entry }) =>
            context.parseData({
              ...entry,
              ...(filePath === undefined ? {} : { filePath }),
              data: { ...(filePath === undefined ? {} : await headOf(filePath)), ...entry.data },
            }),
        }),
    },
  }),
};
