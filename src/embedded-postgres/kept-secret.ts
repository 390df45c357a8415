import { constants } from 'node:fs';
import { link, open, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytes } from 'node:crypto';
import { unless } from './host';

/** A secret on disk may have been put there, or read, by somebody else; `message` says what to do. */
export class KeptSecretError extends Error {
  constructor(file: string, problem: string) {
    super(`${file} ${problem}`);
    this.name = 'KeptSecretError';
  }
}

const OTHERS = 0o077;

/**
 * Reads a secret that was kept in a file. On systems with owners and modes the file must be one that nobody but its owner
 * can have written or read: a secret that another user knows or has chosen opens everything that it protects.
 *
 * @param ownerUid whose the file may be, beside our own
 * @returns `undefined` if there is no such file
 * @throws KeptSecretError
 */
export async function readKeptSecret(file: string, ownerUid?: number): Promise<string | undefined> {
  // No link is followed, and a pipe does not make us wait for its other end.
  const opened = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ELOOP')
        throw new KeptSecretError(file, 'is a link. Put the file itself there, or delete it.');
      return unless('ENOENT')(error);
    },
  );
  if (!opened) return undefined;
  try {
    const found = await opened.stat();
    if (!found.isFile()) throw new KeptSecretError(file, 'is no file. Delete it.');
    const ownUid = process.getuid?.();
    if (ownUid !== undefined) {
      if (found.uid !== ownUid && found.uid !== ownerUid) {
        throw new KeptSecretError(
          file,
          `belongs to another user (number ${found.uid}), who may know it. Delete it, or run as that user.`,
        );
      }
      if ((found.mode & OTHERS) !== 0) {
        const mode = (found.mode & 0o777).toString(8);
        throw new KeptSecretError(
          file,
          `is open to other users (mode ${mode}). Delete it for a new one, or close it if nobody has read it: chmod 600.`,
        );
      }
    }
    const secret = (await opened.readFile('utf8')).trim();
    if (secret === '') throw new KeptSecretError(file, 'is empty. Delete it.');
    return secret;
  } finally {
    await opened.close();
  }
}

/**
 * Reads a secret, or makes one and keeps it. Of several processes that make it at once all get the same.
 *
 * @throws KeptSecretError
 */
export async function keepSecret(file: string): Promise<string> {
  // Root may start what an ordinary user has made.
  const ownerUid = process.getuid?.() === 0 ? (await stat(dirname(file))).uid : undefined;
  const kept = await readKeptSecret(file, ownerUid);
  if (kept !== undefined) return kept;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    // It gets its name when it is complete, and never in place of another.
    await link(draft, file).catch(unless('EEXIST'));
  } finally {
    await rm(draft, { force: true });
  }
  return (await readKeptSecret(file, ownerUid))!;
}
