/** The value of `Vary` with one more header in it, whatever it is so far. */
export function joinedVary(vary: number | string | string[] | undefined, header: string): string {
  const names = [vary ?? []]
    .flat()
    .flatMap((names) => String(names).split(','))
    .map((name) => name.trim())
    .filter(Boolean);
  const isThere = names.some((name) => name === '*' || name.toLowerCase() === header.toLowerCase());
  return [...names, ...(isThere ? [] : [header])].join(', ');
}
