import { Global, Module } from '@nestjs/common';
import { SecurityEvents } from '../logging/security-events';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';
import { Refusals } from './refusals';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, Refusals, SecurityEvents],
  exports: [Metrics, Refusals, SecurityEvents],
})
export class MetricsModule {}
