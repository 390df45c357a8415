import { InitialSchema1795520000000 } from './1795520000000-initial-schema';
import { ColumnsAndChecks1795700000000 } from './1795700000000-columns-and-checks';
import { IdempotencyPartitions1795750000000 } from './1795750000000-idempotency-partitions';
import { SeatLimits1795760000000 } from './1795760000000-seat-limits';
import { LedgerSeals1795770000000 } from './1795770000000-ledger-seals';
import { Reading1795780000000 } from './1795780000000-reading';
import { Sessions1795790000000 } from './1795790000000-sessions';

/** In order. */
export const migrations = [
  InitialSchema1795520000000,
  ColumnsAndChecks1795700000000,
  IdempotencyPartitions1795750000000,
  SeatLimits1795760000000,
  LedgerSeals1795770000000,
  Reading1795780000000,
  Sessions1795790000000,
];
