/**
 * Every page of a list, in order. `readPage` gets the token of the page, undefined for the first;
 * where it gives no page, the list ends early.
 */
export async function allPages<Page extends { readonly continue?: string }>(
  readPage: (token: string | undefined) => Promise<Page | undefined>,
): Promise<readonly Page[]> {
  const pages: Page[] = [];
  let page = await readPage(undefined);
  while (page !== undefined) {
    pages.push(page);
    page = page.continue === undefined ? undefined : await readPage(page.continue);
  }
  return pages;
}
