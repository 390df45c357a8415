import { AppConfig, crossCheck, ReadSettings, SETTING_LIST, SETTINGS } from './settings';
import { strayMarks } from './setting-texts';

export { OWN_ISSUER } from './settings';
export type { AppConfig } from './settings';

/** Nest injection token of the validated {@link AppConfig}. */
export const APP_CONFIG = Symbol('APP_CONFIG');

/** The environment is not fit to start with; `message` names every mistake. */
export class InvalidEnvironmentError extends Error {
  constructor(readonly mistakes: string[]) {
    super(`The environment has ${mistakes.length} mistake(s):\n${mistakes.map((m) => `  - ${m}`).join('\n')}`);
    this.name = 'InvalidEnvironmentError';
  }
}

/**
 * Reads and checks the settings. An empty variable counts as not set, as some platforms can't unset one.
 *
 * @throws InvalidEnvironmentError naming every mistake at once
 */
export function parseEnvironment(env: NodeJS.ProcessEnv): AppConfig {
  return parse(env, SETTING_LIST) as AppConfig;
}

/** Like {@link parseEnvironment}, for commands that need the database and authenticate nobody. */
export function parseDatabaseEnvironment(env: NodeJS.ProcessEnv): Omit<AppConfig, 'auth'> {
  const { auth: _, ...config } = parse(
    env,
    SETTING_LIST.filter(({ group }) => group !== 'auth'),
  );
  return config as Omit<AppConfig, 'auth'>;
}

/**
 * The secrets that the ledger is sealed with, the current one first; undefined where there is none. The secrets of tokens
 * count as former ones, so that what they sealed before there was a LEDGER_SECRET is still known.
 */
export function ledgerSecrets({
  ledger,
  auth,
}: {
  ledger: AppConfig['ledger'];
  auth?: { jwtSecret?: string; jwtPreviousSecrets?: readonly string[] };
}): [string, ...string[]] | undefined {
  const all = [ledger.secret, auth?.jwtSecret, ...ledger.previousSecrets, ...(auth?.jwtPreviousSecrets ?? [])];
  const [current, ...former] = new Set(all.filter((secret) => secret !== undefined));
  return current === undefined ? undefined : [current, ...former];
}

function parse(env: NodeJS.ProcessEnv, settings: typeof SETTING_LIST): ReadSettings {
  const mistakes = new Map<string, string>();
  const config: Record<string, Record<string, unknown>> = {};
  for (const group of Object.keys(SETTINGS)) config[group] = {};
  // One by one, so that conditions between settings are checked even where another setting is wrong.
  for (const { group, name, variable, schema, factor, isList = false } of settings) {
    const given = env[variable] || undefined;
    const marks = given && strayMarks(given, isList);
    if (marks) {
      mistakes.set(variable, marks);
      continue;
    }
    const { success, data, error } = schema.safeParse(given);
    if (success) config[group]![name] = factor === undefined ? data : factor * (data as number);
    else mistakes.set(variable, given === undefined ? 'is required' : error.issues[0]!.message);
  }
  const read = config as unknown as ReadSettings;
  for (const [variable, message] of crossCheck(read)) if (!mistakes.has(variable)) mistakes.set(variable, message);
  if (mistakes.size > 0) throw new InvalidEnvironmentError([...mistakes].map((mistake) => mistake.join(' ')));
  return read;
}
