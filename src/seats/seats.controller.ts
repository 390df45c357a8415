import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ApiResponseMetadata } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Public } from '../platform/http/public';
import { LimitCommands } from '../platform/http/rate-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Problem } from '../platform/problem/problem';
import { IDEMPOTENCY_KEY_PATTERN, idempotencyKeyOf } from './idempotency/idempotency-key';
import { bookAnswer, expectOutcome, holdAnswer, releaseAnswer } from './seat-answers';
import type { SeatCommandAnswer } from './seat-command';
import { SeatCommandRequest, SeatCommands } from './seat-commands.service';
import { matchesEtag, renderSeatMap, SeatMapReader } from './reading/seat-map';
import {
  BookAnswerDto,
  HoldAnswerDto,
  ReleaseAnswerDto,
  SeatCommandDto,
  SeatMapDto,
  SeatMapQueryDto,
} from './seat.dto';

const ApiIdempotencyKey = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    description:
      'Makes the request safe to repeat: the first answer is kept for 24 hours and given again, marked `Idempotency-Replayed: true`. 1 to 255 visible characters.',
    schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source, examples: ['9f1c2d7e-hold-1'] },
    required: false,
  });

const REPLAYED_HEADER: ApiResponseMetadata['headers'] = {
  'Idempotency-Replayed': {
    description: 'Present on a stored answer that is given again.',
    schema: { type: 'string', enum: ['true'] },
  },
};

@ApiTags('Seats')
@Controller('api/seats')
export class SeatsController {
  constructor(
    private readonly commands: SeatCommands,
    private readonly seatMaps: SeatMapReader,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'commands'>,
  ) {}

  /** The seats of a show as they are now, with counts of the same instant. A lapsed hold is AVAILABLE. */
  @Get()
  @Public()
  @ApiOperation({ operationId: 'getSeatMap', summary: 'Seat map of a show' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'The ETag of an earlier answer.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({
    type: SeatMapDto,
    headers: { ETag: { description: 'Changes when anything but server_time does.', schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 304, description: 'Nothing but `server_time` has changed since that answer.' })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'INTERNAL', 'BUSY')
  async seatMap(
    @Query() query: SeatMapQueryDto,
    @CurrentHolder() viewer: Holder | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const map = await this.seatMaps.read(query.show_id);
    if (!map) throw new Problem('SHOW_NOT_FOUND');
    const { json, etag } = renderSeatMap(map, viewer?.id ?? null);
    reply.header('etag', etag).header('cache-control', 'private, no-cache').header('vary', 'Authorization');
    if (matchesEtag(ifNoneMatch, etag)) {
      reply.code(304).send();
    } else {
      reply.header('content-type', 'application/json; charset=utf-8').send(json);
    }
  }

  /** Holds all the seats for 10 minutes, or none. Holding again what one already holds changes nothing. */
  @Post('hold-batch')
  @HttpCode(200)
  @LimitCommands()
  @ApiBearerAuth()
  @ApiIdempotencyKey()
  @ApiOperation({ operationId: 'holdSeats', summary: 'Hold seats' })
  @ApiOkResponse({ type: HoldAnswerDto, headers: REPLAYED_HEADER })
  @ApiProblems(
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'SHOW_NOT_FOUND',
    'SEAT_NOT_FOUND',
    'SEAT_UNAVAILABLE',
    'HOLD_LIMIT_EXCEEDED',
    'SALES_CLOSED',
    'IDEMPOTENCY_IN_PROGRESS',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'IDEMPOTENCY_KEY_REUSED',
    'RATE_LIMITED',
    'INTERNAL',
    'BUSY',
  )
  async hold(
    @Body() body: SeatCommandDto,
    @CurrentHolder() holder: Holder,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HoldAnswerDto> {
    const answer = await this.run('hold', body, holder, key, reply);
    return holdAnswer(expectOutcome(answer.outcome, 'held'));
  }

  /** Books seats that the caller holds, all or none. Repeating it gives the same booking. */
  @Post('book-batch')
  @HttpCode(200)
  @LimitCommands()
  @ApiBearerAuth()
  @ApiIdempotencyKey()
  @ApiOperation({ operationId: 'bookSeats', summary: 'Book held seats' })
  @ApiOkResponse({ type: BookAnswerDto, headers: REPLAYED_HEADER })
  @ApiProblems(
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'SHOW_NOT_FOUND',
    'SEAT_NOT_FOUND',
    'NOT_YOUR_HOLD',
    'SALES_CLOSED',
    'IDEMPOTENCY_IN_PROGRESS',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'IDEMPOTENCY_KEY_REUSED',
    'RATE_LIMITED',
    'INTERNAL',
    'BUSY',
  )
  async book(
    @Body() body: SeatCommandDto,
    @CurrentHolder() holder: Holder,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BookAnswerDto> {
    const answer = await this.run('book', body, holder, key, reply);
    return bookAnswer(expectOutcome(answer.outcome, 'booked'));
  }

  /** Gives up holds, all or none. Seats that are free already are left as they are. */
  @Post('release-hold-batch')
  @HttpCode(200)
  @LimitCommands()
  @ApiBearerAuth()
  @ApiIdempotencyKey()
  @ApiOperation({ operationId: 'releaseSeats', summary: 'Release held seats' })
  @ApiOkResponse({ type: ReleaseAnswerDto, headers: REPLAYED_HEADER })
  @ApiProblems(
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'SHOW_NOT_FOUND',
    'SEAT_NOT_FOUND',
    'NOT_YOUR_HOLD',
    'IDEMPOTENCY_IN_PROGRESS',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'IDEMPOTENCY_KEY_REUSED',
    'RATE_LIMITED',
    'INTERNAL',
    'BUSY',
  )
  async release(
    @Body() body: SeatCommandDto,
    @CurrentHolder() holder: Holder,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReleaseAnswerDto> {
    const answer = await this.run('release', body, holder, key, reply);
    return releaseAnswer(expectOutcome(answer.outcome, 'released'));
  }

  private async run(
    name: SeatCommandRequest['name'],
    body: SeatCommandDto,
    holder: Holder,
    key: string | undefined,
    reply: FastifyReply,
  ): Promise<SeatCommandAnswer> {
    const max = this.config.commands.maxSeats;
    if (body.seats.length > max) {
      throw new Problem('VALIDATION_FAILED', {
        errors: [{ path: 'seats', message: `seats must contain no more than ${max} elements` }],
      });
    }
    const answer = await this.commands.run({
      name,
      holderId: holder.id,
      showId: body.show_id,
      seats: body.seats,
      idempotencyKey: idempotencyKeyOf(key),
    });
    // A header on the raw reply survives the filter, so a replayed refusal carries it as well.
    if (answer.replayed) reply.header('idempotency-replayed', 'true');
    return answer;
  }
}
