import { InitialSchema1795520000000 } from './1795520000000-initial-schema';
import { ColumnsAndChecks1795700000000 } from './1795700000000-columns-and-checks';
import { Reading1795780000000 } from './1795780000000-reading';
import { Sessions1795790000000 } from './1795790000000-sessions';

/** In order. */
export const migrations = [
  InitialSchema1795520000000,
  ColumnsAndChecks1795700000000,
  Reading1795780000000,
  Sessions1795790000000,
];
