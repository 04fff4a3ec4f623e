import { judged } from './judged.ts';

judged('reachability');
