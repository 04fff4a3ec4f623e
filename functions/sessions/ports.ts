/** What the sign-in flow asks of the world, each port once. An adapter supplies it, the wiring puts it in. */

/** `clientCredentialsSecretRef` with its namespace settled. */
export type SecretReference = {
  readonly namespace: string;
  readonly name: string;
  readonly clientIdKey: string;
  readonly clientSecretKey: string;
};

/** The two values of that Secret. */
export type Credentials = { readonly clientId: string; readonly clientSecret: string };
