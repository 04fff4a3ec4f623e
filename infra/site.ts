/**
 * The site of the docs, static. Its build is `npm run site:build`, which reads its own address and
 * that of the repository from the environment.
 */
export function site(environment: Readonly<Record<string, string>>): $util.Output<string> {
  return new sst.aws.StaticSite('Site', {
    build: { command: 'npm run site:build', output: 'site/dist' },
    environment: { ...environment },
    errorPage: '404.html',
    assets: {
      // By default SST lets browsers keep everything but HTML for a year, badges, feeds and the
      // sitemap included.
      fileOptions: [
        { files: '**', cacheControl: 'public,max-age=0,must-revalidate' },
        { files: '_astro/**', cacheControl: 'public,max-age=31536000,immutable' },
      ],
    },
  }).url.apply((url) => url ?? '');
}
