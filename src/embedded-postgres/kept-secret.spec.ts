import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepSecret, readKeptSecret } from './kept-secret';

describe('a kept secret', () => {
  let dir: string;
  let file: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rowlock-kept-'));
    file = join(dir, 'secret');
  });
  afterEach(() => rm(dir, { recursive: true }));

  const plant = (mode: number, content = 'x'.repeat(40)) => writeFile(file, content).then(() => chmod(file, mode));

  it('is made once, by however many at once, and is readable to its owner alone', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => keepSecret(file)));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[\w-]{43}$/);
    expect(await keepSecret(file)).toBe(secrets[0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(['secret']);
  });

  it('is not there before it is made', async () => {
    expect(await readKeptSecret(file)).toBeUndefined();
  });

  it.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o610])(
    'is refused with the mode %o, and left as it is',
    async (mode) => {
      await plant(mode);
      await expect(keepSecret(file)).rejects.toThrow(`is open to other users (mode ${mode.toString(8)})`);
      expect(await readFile(file, 'utf8')).toBe('x'.repeat(40));
    },
  );

  it('is accepted when nobody else can read it, as it was made by earlier versions', async () => {
    await plant(0o600, `${'x'.repeat(40)}\n`);
    expect(await keepSecret(file)).toBe('x'.repeat(40));
    await plant(0o400);
    expect(await keepSecret(file)).toBe('x'.repeat(40));
  });

  it('is refused as a link, a pipe, a directory, and empty', async () => {
    await plant(0o600);
    await symlink(file, join(dir, 'link'));
    await expect(keepSecret(join(dir, 'link'))).rejects.toThrow('is a link');
    await symlink(join(dir, 'nothing'), join(dir, 'dangling'));
    await expect(keepSecret(join(dir, 'dangling'))).rejects.toThrow('is a link');
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    await expect(keepSecret(join(dir, 'pipe'))).rejects.toThrow('is no file');
    await expect(readKeptSecret(dir)).rejects.toThrow('is no file');
    await plant(0o600, '\n');
    await expect(keepSecret(file)).rejects.toThrow('is empty');
  });

  it('is refused from another user, unless it may be theirs', async () => {
    await plant(0o600);
    const { uid } = await stat(file);
    const getuid = jest.spyOn(process, 'getuid').mockReturnValue(uid + 1);
    try {
      await expect(readKeptSecret(file)).rejects.toThrow(`belongs to another user (number ${uid})`);
      expect(await readKeptSecret(file, uid)).toBe('x'.repeat(40));
    } finally {
      getuid.mockRestore();
    }
  });
});
