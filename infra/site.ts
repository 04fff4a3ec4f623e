/**
 * The site of the docs, static. Its build is `npm run site:build`, which reads its own address and
 * that of the repository from the environment.
 */

type SiteParts = {
  readonly environment: Readonly<Record<string, string>>;
  /** Serves the site at the domain of the owner. Absent: the site has an address of its own. */
  readonly router?: sst.aws.Router;
};

export function makeSite({ environment, router }: SiteParts): $util.Output<string> {
  return new sst.aws.StaticSite('Site', {
    build: { command: 'npm run site:build', output: 'site/dist' },
    environment: { ...environment },
    // Error pages of CloudFront hold for a whole distribution, and would replace what the endpoint
    // answers with 403 and 404. Behind a Router, SST serves its index page for what is not there.
    ...(router === undefined
      ? { errorPage: '404.html' }
      : { router: { instance: router }, indexPage: '404.html' }),
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
