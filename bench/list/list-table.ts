/** The rows of the table of `bench/list/list.ts`, from the values of its rounds. */
import type { Row } from '../part.ts';
import type { Fleet, ListWorld } from './list-world.ts';

/** The values of one measure, round by round. */
export class Rounds {
  readonly #values = new Map<string, number[]>();
  add(measure: string, value: number): void {
    this.#values.set(measure, [...this.of(measure), value]);
  }
  of(measure: string): readonly number[] {
    return this.#values.get(measure) ?? [];
  }
  clear(): void {
    this.#values.clear();
  }
}

type Shown = { readonly hasKubectl: boolean; readonly manyCallers: number };

export function pageRows(
  { count }: Fleet,
  values: Rounds,
  { hasKubectl, manyCallers }: Shown,
): readonly Row[] {
  const many = callersText(manyCallers);
  const of = `page of 500 of ${count.toLocaleString('en')}`;
  const row = (measure: string, key: string, more: Partial<Row> = {}): Row => ({
    measure: `${of}, ${measure}`,
    unit: key.endsWith('cpu') ? 'CPU ms' : 'ms',
    rounds: values.of(key),
    ...more,
  });
  const peer = (name: string, key: string) => ({ name, rounds: values.of(key) });
  return [
    row('1 caller, p50', 'plain p50', {
      aim: { atMost: 8 },
      peers: [
        peer('bare node:http, same bytes', 'bare plain p50'),
        peer('the same page of the cluster itself', 'cluster p50'),
        ...(hasKubectl ? [peer('kubectl get --raw', 'kubectl raw')] : []),
      ],
    }),
    row('1 caller, p99', 'plain p99'),
    row('1 caller, gzip, p50', 'gzip p50', {
      peers: [peer('bare node:http, same bytes', 'bare gzip p50')],
    }),
    row('1 caller, gzip, p99', 'gzip p99'),
    row('1 caller, nothing shared, p50', 'unshared p50'),
    row('1 caller, 304, p50', 'same p50'),
    row('functionUrlHandler alone, p50', 'function p50'),
    row('functionUrlHandler alone, gzip, p50', 'function gzip p50'),
    row(`${many}, p50`, 'many p50'),
    row(`${many}, p99`, 'many p99'),
    row(`${many}, gzip, p50`, 'many gzip p50'),
    row(`${many}, gzip, p99`, 'many gzip p99'),
    row('CPU', 'plain cpu'),
    row('CPU, gzip', 'gzip cpu'),
    row('CPU, nothing shared', 'unshared cpu'),
    row('CPU, 304', 'same cpu'),
  ];
}

export function wholeRows(
  { fleets }: ListWorld,
  values: Rounds,
  { hasKubectl, manyCallers }: Shown,
): readonly Row[] {
  const kubectlJson = { name: 'kubectl get -o json', rounds: values.of('kubectl json') };
  const rows = fleets.flatMap((fleet) =>
    [1, manyCallers].flatMap((callers): Row[] => {
      const name = wholeName(fleet, callers);
      return [
        {
          measure: `whole list, ${name}, p50`,
          unit: 'ms',
          rounds: values.of(`${name} p50`),
          peers: hasKubectl && callers === 1 && fleet === fleets.at(-1) ? [kubectlJson] : [],
        },
        { measure: `whole list, ${name}, p99`, unit: 'ms', rounds: values.of(`${name} p99`) },
        { measure: `whole list, ${name}, CPU`, unit: 'CPU ms', rounds: values.of(`${name} cpu`) },
      ];
    }),
  );
  const [fewer, more] = fleets.slice(-2);
  if (fewer === undefined || more === undefined) return rows;
  const perRow = (fleet: Fleet): readonly number[] =>
    values.of(`${wholeName(fleet, 1)} cpu`).map((cpuMs) => cpuMs / fleet.count);
  const growth = perRow(more).flatMap((cpuMs, round) => {
    const before = perRow(fewer)[round];
    return before === undefined ? [] : [cpuMs / before];
  });
  return [
    ...rows,
    {
      measure: `CPU of a row, ${more.count.toLocaleString('en')} servers to ${fewer.count.toLocaleString('en')}`,
      unit: '',
      rounds: growth,
      aim: { atMost: 1 },
    },
  ];
}

export const wholeName = ({ count }: Fleet, callers: number): string =>
  `${count.toLocaleString('en')} servers, ${callersText(callers)}`;

const callersText = (callers: number): string =>
  callers === 1 ? '1 caller' : `${String(callers)} callers`;
