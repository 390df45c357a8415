import { clientAddress } from './client-address';

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', { group: '203.0.113.7', isLoopback: false }],
    ['203.0.113.7:50001', { group: '203.0.113.7', isLoopback: false }],
    ['::ffff:203.0.113.7', { group: '203.0.113.7', isLoopback: false }],
    ['::ffff:cb00:7107', { group: '203.0.113.7', isLoopback: false }],
    ['2001:db8:1:2:3:4:5:6', { group: '2001:db8:1:2::/64', wideGroup: '2001:db8:1::/48', isLoopback: false }],
    ['2001:DB8:1:2::', { group: '2001:db8:1:2::/64', wideGroup: '2001:db8:1::/48', isLoopback: false }],
    ['[2001:db8:1:2::9]:443', { group: '2001:db8:1:2::/64', wideGroup: '2001:db8:1::/48', isLoopback: false }],
    ['[2001:db8:1:2::9]', { group: '2001:db8:1:2::/64', wideGroup: '2001:db8:1::/48', isLoopback: false }],
    ['fe80::1%eth0', { group: 'fe80::/64', wideGroup: 'fe80::/48', isLoopback: false }],
    ['127.0.0.1', { group: '127.0.0.1', isLoopback: true }],
    ['127.8.9.10', { group: '127.8.9.10', isLoopback: true }],
    ['::ffff:127.0.0.1', { group: '127.0.0.1', isLoopback: true }],
    ['::1', { group: '::/64', wideGroup: '::/48', isLoopback: true }],
    ['unknown', { group: 'unknown', isLoopback: false }],
    ['', { group: '', isLoopback: false }],
    ['x'.repeat(1_000), { group: 'x'.repeat(45), isLoopback: false }],
  ])('%s', (ip, expected) => {
    expect(clientAddress(ip)).toEqual(expected);
  });

  it('is remembered for the next thousand others, and no made-up one is that is longer than any address', () => {
    const address = clientAddress('198.51.100.1');
    expect(clientAddress('198.51.100.1')).toBe(address);
    for (let i = 0; i < 1_000; i++) clientAddress(`10.0.${i >> 8}.${i & 255}`);
    expect(clientAddress('198.51.100.1')).not.toBe(address);

    const madeUp = 'x'.repeat(81);
    expect(clientAddress(madeUp)).not.toBe(clientAddress(madeUp));
  });
});
