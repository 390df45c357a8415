import { DynamicModule, Module } from '@nestjs/common';
import { HeadSigner } from './head-signer';

/** Signs what the seats write into the ledger. */
@Module({})
export class LedgerModule {
  static forRoot(seats: DynamicModule): DynamicModule {
    return { module: LedgerModule, imports: [seats], providers: [HeadSigner] };
  }
}
