/** Amounts are decimal strings with two decimals, and are added as whole cents. */
export function times(price: string, count: number): string {
  const cents = BigInt(price.replace('.', '')) * BigInt(count);
  const digits = String(cents).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
