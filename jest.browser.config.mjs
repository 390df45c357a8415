// The dashboard in a real browser. Apart from `npm test`, which needs nothing but Node.js and npm.
import base from './jest.config.mjs';

export default {
  ...base,
  globalSetup: '<rootDir>/test/browser/support/global-setup.ts',
  roots: ['<rootDir>/test/browser'],
  testRegex: '\\.browser-spec\\.ts$',
  testTimeout: 120_000,
  // A browser for each file, and each draws on the processor.
  maxWorkers: 1,
};
