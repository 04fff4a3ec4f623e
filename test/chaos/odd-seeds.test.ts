import { holdForSeeds } from './seeds.ts';

holdForSeeds(1);
