import { Global, Injectable, Module, OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { Refusals } from '../metrics/refusals';
import { Problem } from '../problem/problem';
import { sendProblem } from '../problem/problem-answer';
import { traitsOf } from './route-traits';

const TICK_INTERVAL_MS = 20;

/** Says why there is too much to do, if there is. */
export type OverloadSign = () => string | undefined;

/**
 * Refuses commands while there is too much to do already, before their bodies are read and their tokens verified: a refusal
 * that costs as much as the work would not help. A module that can be overloaded adds its sign.
 */
@Injectable()
export class Overload {
  private readonly signs: OverloadSign[] = [];

  constructor(private readonly refusals: Refusals) {}

  add(sign: OverloadSign): void {
    this.signs.push(sign);
  }

  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      const detail = traitsOf(request).isCommand ? this.detail() : undefined;
      if (detail === undefined) return done();
      this.refusals.count('overload', `A command was refused. ${detail}`);
      sendProblem(reply, new Problem('BUSY', { detail: `${detail} Nothing was changed.` }));
    });
  }

  private detail(): string | undefined {
    for (const sign of this.signs) {
      const detail = sign();
      if (detail !== undefined) return detail;
    }
    return undefined;
  }
}

/**
 * How far the event loop is behind: by how much a timer is late at this moment. It rises within a turn that takes long, so
 * that the commands at the end of the turn are refused already, and falls with the next.
 */
@Injectable()
export class EventLoopDelay implements OnApplicationShutdown {
  private dueMs = performance.now() + TICK_INTERVAL_MS;
  private readonly timer = setInterval(() => (this.dueMs = performance.now() + TICK_INTERVAL_MS), TICK_INTERVAL_MS);

  constructor() {
    this.timer.unref();
  }

  get nowMs(): number {
    return Math.max(0, performance.now() - this.dueMs);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}

@Global()
@Module({ providers: [Overload, EventLoopDelay], exports: [Overload, EventLoopDelay] })
export class OverloadModule {}
