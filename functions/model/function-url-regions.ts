/** Regions whose Lambda has no Function URLs: AWS Lambda Developer Guide, November 2026. */
const withoutFunctionUrls: ReadonlySet<string> = new Set([
  // https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html, the note at its top.
  'ap-east-2', // Taipei
  'ap-south-2', // Hyderabad
  'ap-southeast-4', // Melbourne
  'ap-southeast-5', // Malaysia
  'ap-southeast-6', // New Zealand
  'ap-southeast-7', // Thailand
  'ca-west-1', // Calgary
  'eu-central-2', // Zurich
  'eu-south-2', // Spain
  'il-central-1', // Tel Aviv
  'me-central-1', // UAE
]);

/** A region that AWS adds later counts as one with Function URLs until it is in the list. */
export const hasFunctionUrls = (region: string): boolean => !withoutFunctionUrls.has(region);
