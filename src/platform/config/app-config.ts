import { z } from 'zod';
import { AppConfig, crossCheck, SETTINGS } from './settings';

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
  const given = Object.fromEntries(Object.keys(settings).flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const parsed = z.object(settings as typeof SETTINGS).safeParse(given);
  const mistakes = parsed.success
    ? crossCheck(parsed.data).map(({ name, message }) => `${name} ${message}`)
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0]);
        return `${name} ${given[name] === undefined ? 'is required' : issue.message}`;
      });
  if (!parsed.success || mistakes.length > 0) throw new InvalidEnvironmentError(mistakes);
  return parsed.data;
}
