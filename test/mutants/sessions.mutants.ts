import { judged } from './judged.ts';

judged('sessions');
