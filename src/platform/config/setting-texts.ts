import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Pure: the texts of settings that are easily written so that they start and mean something else. Each is made into the one
 * form that is meant, or refused in words that don't tell the value.
 */

/** A mark around a value that its author did not mean to be a part of it; undefined if there is none. */
export function strayMarks(value: string, isList: boolean): string | undefined {
  if (!isList && value !== value.trim()) return 'begins or ends with white space, which would be a part of it';
  if (/^(["'`]).*\1$/s.test(value.trim())) return 'is in quotes, which would be a part of it';
  return undefined;
}

const LIST = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

/** Texts with commas between them. */
export const list = () => LIST.default([]);

/** A list that may be written as JSON, for texts that have commas in them. */
export const listOrJson = () =>
  z
    .string()
    .transform((value, context) => {
      if (!value.trim().startsWith('[')) return LIST.parse(value);
      try {
        const items: unknown = JSON.parse(value);
        if (Array.isArray(items) && items.every((item): item is string => typeof item === 'string')) return items;
      } catch {
        // Told below.
      }
      context.addIssue({ code: 'custom', message: 'begins like a JSON list and is not a JSON list of texts' });
      return z.NEVER;
    })
    .default([]);

/** Where a server may listen: a name or an address, nothing around it. */
export const host = () =>
  z
    .string()
    .refine(
      (value) =>
        isIP(value) > 0 || /^(?!\d+$)[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?$/i.test(value),
      'must be an IP address or a host name alone, without a scheme, a port or brackets',
    );

/** The form in which a browser sends an origin, as a page's origin is compared letter by letter. `*` is any. */
export const origin = () =>
  z.string().transform((value, context) => {
    if (value === '*') return value;
    const found = originOf(value);
    if (found.origin !== undefined) return found.origin;
    context.addIssue({ code: 'custom', message: found.mistake });
    return z.NEVER;
  });

function originOf(value: string): { origin: string; mistake?: undefined } | { origin?: undefined; mistake: string } {
  if (value.toLowerCase() === 'null') {
    return { mistake: 'must not have null: it is the origin of every file and of sandboxed frames of any site' };
  }
  if (value.includes('*')) return { mistake: 'can have * alone; in an origin it stands for nothing' };
  const example = 'each must be like https://shop.example';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return { mistake: `has an origin without a scheme; ${example}` };
  if (!URL.canParse(value)) return { mistake: `has an origin that is none; ${example}` };
  const { protocol, host, pathname, search, hash, username, password } = new URL(value);
  if (host === '' || username !== '' || password !== '') return { mistake: `has an origin that is none; ${example}` };
  if (!['', '/'].includes(pathname) || search !== '' || hash !== '') {
    return { mistake: `has an origin with a path; ${example}` };
  }
  return { origin: `${protocol}//${host.toLowerCase()}` };
}

/** What a client can send as `Authorization: Bearer …` (RFC 6750), and nobody guesses at once. */
export const bearerToken = () =>
  z
    .string()
    .min(16, 'must have at least 16 characters')
    .regex(/^[\w.~+/-]+=*$/, 'must be letters, digits and -._~+/ alone: no client could send anything else')
    .refine((value) => new Set(value).size >= 6, 'is too simple: it repeats a few characters');

/** A URL that the driver reads as it was meant. */
export const postgresUrl = () =>
  z.string().superRefine((value, context) => {
    const mistake = mistakeInPostgresUrl(value);
    if (mistake) context.addIssue({ code: 'custom', message: mistake });
  });

function mistakeInPostgresUrl(value: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(value)) return 'must be a postgres:// URL';
  const encode = 'characters of the password such as # / ? % must be written as %23 %2F %3F %25';
  const parsed = asUrl(value);
  if (!parsed) return `is not a URL; ${encode}`;
  if (parsed.hash !== '') return `has a #, behind which nothing is read; ${encode}`;
  try {
    decodeURIComponent(parsed.username);
    decodeURIComponent(parsed.password);
  } catch {
    return `has a % that stands for no character; ${encode}`;
  }
  return undefined;
}

/** As the driver reads it; a URL with a user and without a host is one of a Unix socket. */
function asUrl(value: string): URL | undefined {
  const withHost = value.replace('@/', '@socket/');
  return URL.canParse(withHost) ? new URL(withHost) : undefined;
}

/** The modes of TLS in a URL that fit each value of DATABASE_SSL but `url`. */
const FITTING_MODES: Partial<Record<string, readonly string[]>> = {
  verify: ['verify-full', 'verify-ca', 'require'],
  'no-verify': ['no-verify'],
};

/** Whether the URL asks for another kind of TLS than DATABASE_SSL. The driver would obey the URL. */
export function contradictsTls(url: string, ssl: string): boolean {
  const query = asUrl(url)?.searchParams;
  const fitting = FITTING_MODES[ssl];
  if (!query || !fitting || query.has('uselibpqcompat')) return false;
  const mode = query.get('sslmode') ?? query.get('ssl');
  return mode !== null && !fitting.includes(mode);
}

/** A directory as the system reads it: `~` is the shell's. */
export const directory = () =>
  z
    .string()
    .min(1)
    .refine(
      (value) => !value.startsWith('~'),
      'begins with ~, which only a shell replaces: write the directory in full',
    );
