import ipaddr from 'ipaddr.js';

/** Where a request comes from, in the groups that limits count by. One household or machine has many IPv6 addresses. */
export interface ClientAddress {
  /** The IPv4 address, or the /64 of the IPv6 address. */
  readonly group: string;
  /** The /48 of an IPv6 address, a customer of a provider; undefined for IPv4. */
  readonly wideGroup?: string;
  /** Whether it is this machine: somebody at their own laptop, or everybody behind a proxy that is set up wrongly. */
  readonly isLoopback: boolean;
}

/** How much more than a /64 the /48 around it may have: it is one customer of a provider, with many households at most. */
export const WIDE_FACTOR = 10;

/**
 * Reads an address as Fastify's `request.ip` has it. Some proxies write the client's port behind the address in
 * X-Forwarded-For (Azure Application Gateway does); it is dropped, or every request would be a new client to all limits.
 */
export function clientAddress(ip: string): ClientAddress {
  let address = recent.get(ip);
  if (!address) {
    address = parsed(ip);
    if (recent.size >= RECENT_MAX) recent.clear();
    if (ip.length <= ADDRESS_MAX_LENGTH) recent.set(ip, address);
  }
  return address;
}

/** Several limits ask for the address of every request, and reading it takes as long as all of them together. */
const recent = new Map<string, ClientAddress>();
const RECENT_MAX = 1_000;
/** With a zone and a port. */
const ADDRESS_MAX_LENGTH = 80;

function parsed(ip: string): ClientAddress {
  const text = withoutPort(ip);
  // A made-up address in X-Forwarded-For reaches us where too many hops are trusted. It is a group by itself.
  if (!ipaddr.isValid(text)) return { group: text.slice(0, MADE_UP_MAX_LENGTH), isLoopback: false };
  const address = ipaddr.process(text);
  const isLoopback = address.range() === 'loopback';
  if (address.kind() === 'ipv4') return { group: address.toString(), isLoopback };
  return { group: networkOf(address, 64), wideGroup: networkOf(address, 48), isLoopback };
}

const MADE_UP_MAX_LENGTH = 45;

/** `203.0.113.7:50001` and `[2001:db8::1]:443` without their ports. */
function withoutPort(ip: string): string {
  const [, address] = /^\[([^\]]*)\](?::\d+)?$/.exec(ip) ?? /^([^:]*):\d+$/.exec(ip) ?? [];
  return address ?? ip;
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone(address.toNormalizedString())}/${bits}`);
  return `${network.toString()}/${bits}`;
}

/** The interface behind the `%` of a link-local address. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
