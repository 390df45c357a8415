import { block } from './block';
import { book } from './book';
import type { Accepted, SeatCommandRule } from './command';
import { expire } from './expire';
import { hold } from './hold';
import type { RefusalCode } from './refusal';
import { COMMON_REFUSALS } from './refusal';
import { release } from './release';
import { unblock } from './unblock';

/** Every command there is. A new one is entered here, and nowhere else. */
const ALL = [hold, book, release, expire, block, unblock] as const;

export type SeatCommandName = (typeof ALL)[number]['name'];
/** What a command tells when it is accepted. */
export type OutcomeOf<Name extends SeatCommandName> = ReturnType<
  Extract<(typeof ALL)[number], { name: Name }>['outcome']
>;
export type AcceptedOutcome = OutcomeOf<SeatCommandName>;

export const SEAT_COMMANDS = ALL.map(({ name }) => name);

interface Rule extends SeatCommandRule {
  outcome(accepted: Accepted): AcceptedOutcome;
}

export const COMMAND_RULES = Object.fromEntries(ALL.map((rule) => [rule.name, rule as Rule])) as Readonly<
  Record<SeatCommandName, Rule>
>;

/** The step that ends a lapsed hold, also where another command takes its seat over. */
export const LAPSE: SeatCommandName = expire.name;

/** The steps by which a hold passes to another holder, at one instant: the one gives the seat up, the other holds it. */
export const HAND_OVER: SeatCommandName = release.name;
export const TAKE_OVER: SeatCommandName = hold.name;

/** Everything the command can be refused with once it is decided. */
export function refusalsOf(name: SeatCommandName): RefusalCode[] {
  const { needsOpenSales, refusal, otherRefusals = [] } = COMMAND_RULES[name];
  return [...COMMON_REFUSALS, ...(needsOpenSales ? (['SALES_CLOSED'] as const) : []), refusal, ...otherRefusals];
}

/** The ledger's steps as SQL: which command leads from which status to which. */
export function legalStepsSql(): string {
  const steps = ALL.flatMap(({ name, from, to }) => from.map((status) => `('${name}', '${status}', '${to}')`));
  return `("command", "from_status", "to_status") IN (${steps.join(', ')})`;
}

const LEDGER_COLUMNS = ['holder_id', 'actor_id', 'reason', 'hold_expires_at', 'booking_id', 'price'] as const;

/** Which of the ledger's columns go with which command, as SQL. */
export function ledgerColumnsSql(): string {
  const cases = Object.values(COMMAND_RULES).map(({ name, ledger: { needs, allows } }) => {
    const forbidden = LEDGER_COLUMNS.filter((column) => !needs.includes(column) && !allows.includes(column));
    const quoted = (columns: readonly string[]) => columns.map((column) => `"${column}"`).join(', ');
    return `WHEN '${name}' THEN num_nulls(${quoted(needs)}) = 0 AND num_nonnulls(${quoted(forbidden)}) = 0`;
  });
  return `CASE "command" ${cases.join(' ')} END`;
}
