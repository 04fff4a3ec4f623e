import { expect, test } from 'vitest';
import { classify } from '../../../functions/reachability/classify.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { nextStatus } from '../../../functions/reachability/status.ts';
import { aServer } from '../../world/server.ts';
import { aFailure, anAnswer } from '../../world/outcome.ts';

const now = new Date('2026-01-01T00:00:00Z');
const first = nextStatus(aServer(), classify(anAnswer), now);

test('the first STATE of a server is an Event, and a change names both states', () => {
  expect(eventsFor(aServer(), first, now)).toMatchObject([
    { type: 'Normal', message: 'STATE is Connected: The server answered HTTP 200.' },
  ]);
  const server = aServer({ status: first });
  expect(
    eventsFor(server, nextStatus(server, classify(aFailure('refused')), now), now),
  ).toMatchObject([
    { type: 'Warning', message: 'STATE changed from Connected to Connecting: Connection refused.' },
  ]);
});

test('the same STATE again is no Event', () => {
  const server = aServer({ status: first });
  expect(eventsFor(server, nextStatus(server, classify(anAnswer), now), now)).toEqual([]);
});
