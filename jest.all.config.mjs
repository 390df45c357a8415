// `npm run test:all`: all tests but those in a browser. A `.long-spec.ts` starts programs, or tries very many orders.
import base from './jest.config.mjs';

export default { ...base, testRegex: '\\.(e2e-|long-)?spec\\.ts$' };
