import { dictionary } from '@zxcvbn-ts/language-common';
import { Problem } from '../platform/problem/problem';

/** The 49,000 passwords that leaks have most often, in lower case. */
const COMMON: ReadonlySet<string> = new Set(dictionary['passwords-common']);
/** Somebody who guesses tries this word here, and would not elsewhere. */
const SERVICE = 'rowlock';
/** A common password stays one with so many digits or signs around it: `Password1!`, `123dragon`. */
const TRIMMINGS_MAX = 4;

/**
 * Refuses a new password that is among the first that anybody would try. There are no rules about kinds of characters: they
 * make people choose `Password1!` (NIST SP 800-63B §5.1.1.2). Passwords that are in use are not looked at.
 *
 * @throws Problem VALIDATION_FAILED
 */
export function refuseGuessable(username: string, password: string, path = 'password'): void {
  const message = reasonAgainst(username.toLowerCase(), password.normalize('NFKC').toLowerCase());
  if (message === undefined) return;
  throw new Problem('VALIDATION_FAILED', {
    detail: '`errors` says which fields are wrong, and how.',
    errors: [{ path, message }],
  });
}

function reasonAgainst(username: string, password: string): string | undefined {
  const core = withoutTrimmings(password);
  const isShort = [...password].length - [...core].length <= TRIMMINGS_MAX;
  if (COMMON.has(password) || (isShort && COMMON.has(core))) return 'password is one of those that are guessed first';
  if (/^(.)\1*$/su.test(password)) return 'password must not be one character over and over';
  const names = [username, withoutTrimmings(username), ...username.split(/[_.-]/)].filter((name) => name.length > 2);
  const letters = password.replaceAll(/[^\p{L}]/gu, '');
  if ([...names, SERVICE].some((name) => [password, core, letters].includes(name))) {
    return 'password must not be made of the user name or the name of this service';
  }
  return undefined;
}

/** Without the digits and signs around it. */
function withoutTrimmings(text: string): string {
  return text.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}
