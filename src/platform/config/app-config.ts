import { AppConfig, crossCheck, SETTINGS } from './settings';

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
  return parse(env, SETTINGS);
}

/** Like {@link parseEnvironment}, for commands that need the database and no secret of the server. */
export function parseDatabaseEnvironment(env: NodeJS.ProcessEnv): Omit<AppConfig, 'AUTH_JWT_SECRET'> {
  const { AUTH_JWT_SECRET: _, ...settings } = SETTINGS;
  return parse(env, settings);
}

function parse<Settings extends Partial<typeof SETTINGS>>(env: NodeJS.ProcessEnv, settings: Settings) {
  const mistakes = new Map<string, string>();
  const config: Record<string, unknown> = {};
  // One by one, so that what is between settings is checked as far as it can be even where one of them is wrong.
  for (const [name, setting] of Object.entries(settings)) {
    const given = env[name] || undefined;
    const parsed = setting.safeParse(given);
    if (parsed.success) config[name] = parsed.data;
    else mistakes.set(name, given === undefined ? 'is required' : parsed.error.issues[0]!.message);
  }
  for (const { name, message } of crossCheck(config)) if (!mistakes.has(name)) mistakes.set(name, message);
  if (mistakes.size > 0)
    throw new InvalidEnvironmentError([...mistakes].map(([name, message]) => `${name} ${message}`));
  return config as AppConfig;
}
