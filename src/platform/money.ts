/** Sums decimal strings such as "100.00" exactly, in hundredths. The result has two decimals, as the columns have. */
export function sumMoney(amounts: Iterable<string>): string {
  let hundredths = 0n;
  for (const amount of amounts) {
    const [whole = '0', fraction = ''] = amount.split('.');
    hundredths += BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0').slice(0, 2));
  }
  return `${hundredths / 100n}.${(hundredths % 100n).toString().padStart(2, '0')}`;
}
