import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Overload } from '../platform/http/overload';
import { SeatCommandQueue } from './seat-command-queue';

/** While the queue is full, it would refuse each command: the server then does not read them. */
@Injectable()
export class QueueOverload {
  constructor(queue: SeatCommandQueue, overload: Overload, @Inject(APP_CONFIG) { queue: settings }: AppConfig) {
    overload.add(() =>
      queue.length >= settings.maxCommands
        ? `The queue of seat commands is full: ${settings.maxCommands} wait (QUEUE_MAX).`
        : undefined,
    );
  }
}
