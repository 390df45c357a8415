import { Module } from '@nestjs/common';
import { ShowsController } from './shows.controller';
import { Shows } from './shows.service';

@Module({ controllers: [ShowsController], providers: [Shows] })
export class ShowsModule {}
