import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';
import { Refusals } from './refusals';

@Global()
@Module({ controllers: [MetricsController], providers: [Metrics, Refusals], exports: [Metrics, Refusals] })
export class MetricsModule {}
