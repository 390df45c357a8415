import type { LogLevel } from '@nestjs/common';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** The levels that are logged when `least` is the least important of them. */
export function logLevels(least: LogLevel): LogLevel[] {
  return LEVELS.slice(0, LEVELS.indexOf(least) + 1);
}
