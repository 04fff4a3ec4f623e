/** The clients of docs/single-sign-on.md, as its readers create them in their realm. */
import * as z from 'zod/mini';
import { fencesIn, readPage } from '../docs/pages.ts';

const clientSchema = z.looseObject({ clientId: z.string() });
const files = fencesIn(await readPage('single-sign-on.md')).filter(
  ({ language }) => language === 'json',
);

const [signIn, forExchange, exchanging] = z
  .tuple([clientSchema, clientSchema, clientSchema])
  .parse(files.map(({ text }): unknown => JSON.parse(text)));

/** As the command line signs people in: public, on any port of loopback. */
export const commandLine = signIn;

/** The same, with access tokens for this endpoint that may be exchanged. */
export const commandLineFor = (endpoint: string): z.infer<typeof clientSchema> =>
  clientSchema.parse(
    JSON.parse(JSON.stringify(forExchange).replaceAll('https://muster.example.com', endpoint)),
  );

/** A client that may exchange; tokens that it exchanges have to name it. */
export const exchanger = exchanging;
