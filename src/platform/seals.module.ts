import { Global, Module } from '@nestjs/common';
import { APP_CONFIG, AppConfig, ledgerSecrets } from './config/app-config';
import { Seals } from './seals';

/** Makes the seals injectable everywhere. */
@Global()
@Module({
  providers: [
    { provide: Seals, useFactory: (config: AppConfig) => new Seals(ledgerSecrets(config)!), inject: [APP_CONFIG] },
  ],
  exports: [Seals],
})
export class SealsModule {}
