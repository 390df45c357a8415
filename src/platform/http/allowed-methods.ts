/** Which methods there are for a path: Fastify itself only knows whether there is a route for both together. */
export class AllowedMethods {
  private readonly routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  add(url: string, methods: readonly string[]): void {
    // The one for preflights of any path.
    if (url === '*') return;
    const route = this.routes.get(url) ?? { pattern: patternOf(url), methods: new Set(['OPTIONS']) };
    for (const method of methods) route.methods.add(method);
    this.routes.set(url, route);
  }

  /** As the Allow header has them; undefined when there is nothing at this path. */
  of(path: string): string | undefined {
    const found = [...this.routes.values()].filter(({ pattern }) => pattern.test(path));
    if (found.length === 0) return undefined;
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort().join(', ');
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replace(/\/$/, '').replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replace(/:\w+/g, '[^/]+').replaceAll('*', '.*')}/?$`);
}
