import { CaseRunner } from './harness/case-runner';
import {
  book,
  Case,
  HELD_BY_ANN,
  hold,
  keyed,
  LAPSED_OF_ANN,
  release,
  sweep,
  THREE_FREE,
  titled,
} from './harness/interleaved-cases';
import { FREE, heldBy } from './harness/serial-model';

/**
 * Three commands at once, as interleavings.e2e-spec.ts has two. Three transactions of three steps have 1,680 orders.
 */

const TIMEOUT_MS = 180_000;

const TRIPLES: readonly Case[] = [
  { seats: THREE_FREE, commands: [hold('ann', 'A1', 'A2'), hold('ben', 'A2', 'A3'), hold('cat', 'A3', 'A1')] },
  // With A2 taken, a command that locked in another order than the others would hold what the command before it needs.
  { seats: THREE_FREE, commands: [hold('ann', 'A2'), hold('ben', 'A1', 'A2', 'A3'), hold('cat', 'A3', 'A2', 'A1')] },
  // Ann's command waits for A1. It began before A2 was released, and gets it all the same.
  {
    seats: { A1: heldBy('cat'), A2: heldBy('ben'), A3: FREE },
    commands: [hold('ann', 'A1', 'A2'), release('ben', 'A2'), release('cat', 'A1')],
  },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), hold('ben', 'A3', 'A2'), book('ann', 'A2', 'A1')] },
  { seats: HELD_BY_ANN, commands: [book('ann', 'A1', 'A2'), release('ann', 'A2'), hold('ben', 'A3', 'A2')] },
  { seats: HELD_BY_ANN, commands: [release('ann', 'A1', 'A2'), hold('ben', 'A2', 'A1'), book('ben', 'A1', 'A2')] },
  { seats: LAPSED_OF_ANN, commands: [sweep('A1', 'A2'), sweep('A2', 'A1'), hold('ben', 'A1')] },
  {
    seats: HELD_BY_ANN,
    commands: [keyed('k', book('ann', 'A1', 'A2')), keyed('k', book('ann', 'A2', 'A1')), release('ann', 'A1')],
  },
  {
    seats: THREE_FREE,
    holdLimit: 2,
    commands: [hold('ann', 'A1'), hold('ann', 'A2'), hold('ann', 'A3')],
    conflicts: {},
    // In all but the six in which one follows the other.
    waits: 1_674,
  },
];

let runner: CaseRunner;
beforeAll(async () => void (runner = await CaseRunner.open()));
afterEach(() => runner.clear());
afterAll(() => runner.close());

test.each(titled(TRIPLES))(
  '%s: right in all 1,680 orders',
  async (_, given) => {
    await runner.expectAllRight(given, 3, 1_680);
  },
  TIMEOUT_MS,
);
