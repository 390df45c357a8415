import { AddressCounts } from './address-counts';
import { clientAddress } from './client-address';

const take = (counts: AddressCounts, ip: string) => counts.take(clientAddress(ip));

describe('counts by address', () => {
  it('are given back, once', () => {
    const counts = new AddressCounts(2);
    const giveBack = take(counts, '203.0.113.7')!;
    take(counts, '203.0.113.7');
    expect(take(counts, '203.0.113.7')).toBeUndefined();
    giveBack();
    giveBack();
    expect(take(counts, '203.0.113.7')).toBeDefined();
    expect(take(counts, '203.0.113.7')).toBeUndefined();
  });

  it('are apart for each address and each network of IPv6, which have ten times as much together', () => {
    const counts = new AddressCounts(1);
    for (let network = 0; network < 10; network++) expect(take(counts, `2001:db8:1:${network}::1`)).toBeDefined();
    expect(take(counts, '2001:db8:1:a::1')).toBeUndefined();
    expect(take(counts, '2001:db8:2:a::1')).toBeDefined();
    expect(take(counts, '203.0.113.7')).toBeDefined();
  });

  it('take no memory for what is over or was refused', () => {
    const counts = new AddressCounts(1);
    for (let i = 0; i < 10_000; i++) take(counts, `2001:db8:${i.toString(16)}::1`)!();
    expect(counts.size).toBe(0);
    const [giveBack] = [take(counts, '203.0.113.7')!, take(counts, '203.0.113.7')];
    giveBack();
    expect(counts.size).toBe(0);
  });
});
