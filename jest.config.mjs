import { availableParallelism } from 'node:os';

// Everything, the ESM-only packages included, is compiled to CommonJS for Jest: one module registry, and no
// --experimental-vm-modules. Node before 24.9 has no require(esm) inside Jest, so native ESM mode breaks as soon as a
// CommonJS package requires an ESM one. All or nothing: a mixture would load @nestjs/common twice.
const swc = (syntax) => [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: syntax === 'ts' ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
      transform:
        syntax === 'ts' ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false } : {},
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** What every change must pass, within four minutes on two cores. `npm run test:all` takes the long ones as well. */
export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/client', '<rootDir>/proof'],
  testRegex: '\\.(e2e-)?spec\\.ts$',
  transform: { '^.+\\.ts$': swc('ts'), '^.+\\.m?js$': swc('js') },
  transformIgnorePatterns: [],
  testTimeout: 30_000,
  // The tests wait for PostgreSQL for a good part of their time, so that no core is kept back for it. More workers than these
  // would want more connections than it has.
  maxWorkers: Math.min(4, availableParallelism()),
};
