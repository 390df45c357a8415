import { Global, Module } from '@nestjs/common';
import { SecurityEvents } from '../logging/security-events';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';

@Global()
@Module({ controllers: [MetricsController], providers: [Metrics, SecurityEvents], exports: [Metrics, SecurityEvents] })
export class MetricsModule {}
