import { applyDecorators, createParamDecorator, ExecutionContext, HttpCode, Post, Type } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Holder } from '../identity/holder';
import { clientAddress } from '../platform/http/client-address';
import type { ClientAddress } from '../platform/http/client-address';
import { LimitCommands } from '../platform/http/rate-limits';
import { Command } from '../platform/http/route-traits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Problem } from '../platform/problem/problem';
import { COMMAND_RULES, OutcomeOf, refusalsOf, SeatCommandName } from './commands/registry';
import { IDEMPOTENCY_KEY_PATTERN, idempotencyKeyOf } from './idempotency/idempotency-key';
import { takeOverHolds } from './guest-holds';
import { acceptedOutcome } from './seat-answers';
import { seatCommand } from './seat-command';
import type { SeatCommandRequest } from './seat-command';
import type { SeatCommandQueue } from './seat-command-queue';
import type { SeatCommandDto } from './seat.dto';

/**
 * The route of a seat command: its path, its limits, and what the OpenAPI document says of every command. `@ApiOperation`
 * stands at the method itself: the compiler adds the method's comment to it there, and would replace it anywhere else.
 */
export function SeatCommandRoute(name: SeatCommandName, path: string, answer: Type): MethodDecorator {
  return applyDecorators(
    Post(path),
    HttpCode(200),
    Command(),
    LimitCommands(),
    ApiBearerAuth(),
    ApiHeader({
      name: 'Idempotency-Key',
      description:
        'Makes the request safe to repeat: the first answer is kept for its retries and given again, marked `Idempotency-Replayed: true`. It belongs to the holder and the show. 1 to 255 visible characters.',
      schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source, examples: ['9f1c2d7e-hold-1'] },
      required: false,
    }),
    ApiOkResponse({
      type: answer,
      headers: {
        'Idempotency-Replayed': {
          description: 'Present on a stored answer that is given again.',
          schema: { type: 'string', enum: ['true'] },
        },
      },
    }),
    ApiProblems(
      'VALIDATION_FAILED',
      'UNAUTHENTICATED',
      ...(COMMAND_RULES[name].takesSeats ? (['ADMISSION_REQUIRED'] as const) : []),
      ...refusalsOf(name),
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'IDEMPOTENCY_KEY_REUSED',
      'RATE_LIMITED',
    ),
  );
}

/** What a command route knows of its caller beside the body. */
export interface CommandCall {
  readonly holder: Holder;
  /** Where it comes from, if it is one of the guests that are counted by address. */
  readonly address: ClientAddress | undefined;
  readonly idempotencyKey: string | string[] | undefined;
  readonly reply: FastifyReply;
}

/** Injects the {@link CommandCall}. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext): CommandCall => {
  const http = context.switchToHttp();
  const { holder, headers, ip } = http.getRequest<FastifyRequest>();
  const address = clientAddress(ip);
  return {
    holder: holder!,
    address: holder!.kind === 'guest' && !address.isLoopback ? address : undefined,
    idempotencyKey: headers['idempotency-key'],
    reply: http.getResponse<FastifyReply>(),
  };
});

/**
 * Runs a client's command for the client itself, and returns its outcome when it is accepted.
 *
 * @throws Problem for every other outcome, for a key that is none, for too many seats, and see {@link SeatCommandQueue.submit}
 */
export async function runSeatCommand<Name extends SeatCommandName>(
  queue: SeatCommandQueue,
  name: Name,
  { show_id: showId, seats }: SeatCommandDto,
  { holder: { id: holderId, formerly }, idempotencyKey: header, reply }: CommandCall,
  terms: Pick<SeatCommandRequest, 'address'> = {},
): Promise<OutcomeOf<Name>> {
  if (seats.length > queue.maxSeats) {
    throw new Problem('VALIDATION_FAILED', {
      errors: [{ path: 'seats', message: `seats must contain no more than ${queue.maxSeats} elements` }],
    });
  }
  const idempotencyKey = idempotencyKeyOf(header);
  // A command of the guest's that was under way during the login may have left a hold since.
  if (formerly !== undefined)
    await takeOverHolds(
      queue,
      formerly,
      holderId,
      seats.map((seat) => ({ ...seat, showId })),
    );
  const request = { name, showId, seats, holderId, actorId: holderId, ...terms };
  const { outcome, replayed } = await queue.submit(
    seatCommand(idempotencyKey ? { ...request, idempotencyKey } : request),
  );
  // A header on the raw reply survives the filter, so a replayed refusal carries it as well.
  if (replayed) reply.header('idempotency-replayed', 'true');
  return acceptedOutcome<Name>(outcome);
}
