// The package's own ES module is put here when the dashboard is built: browsers don't find packages by their names.
export { default } from 'openapi-fetch';
