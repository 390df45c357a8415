import { Module } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Admission, OpenAdmission } from './admission';
import { QueueTokens } from './queue-tokens';

/** What admits guests to shows. Another way of admission is plugged in here. */
@Module({
  providers: [
    {
      provide: Admission,
      inject: [APP_CONFIG],
      useFactory: ({ auth }: AppConfig) =>
        auth.admissionJwksUrl ? new QueueTokens(auth.admissionJwksUrl) : new OpenAdmission(),
    },
  ],
  exports: [Admission],
})
export class AdmissionModule {}
