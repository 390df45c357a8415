import { Controller, Get, Header, Headers, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { PageQueryDto } from '../platform/http/page.dto';
import { Public } from '../platform/http/public';
import { LimitReads } from '../platform/http/read-limits';
import { Stream } from '../platform/http/route-traits';
import { joinedVary, varyBy } from '../platform/http/vary';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Problem } from '../platform/problem/problem';
import { SeatMapDto } from '../seats/seat.dto';
import { ShowIdDto } from '../shows/show.dto';
import { Activity } from './activity.service';
import { EventStream } from './event-stream';
import { ActivityDto, SeatsEventDto } from './live.dto';
import { TOKEN_EXPIRED } from './shared-event';
import { ShowFeeds } from './show-feeds';
import { StreamPlaces } from './stream-places';
import { UnreadBytes } from './unread-bytes';

@ApiTags('Live')
@Public()
@Controller('api/shows/:id')
export class LiveController {
  constructor(
    private readonly feeds: ShowFeeds,
    private readonly activity: Activity,
    private readonly places: StreamPlaces,
    private readonly unread: UnreadBytes,
  ) {}

  /**
   * Server-Sent Events. First a `snapshot` (the seat map), then `seats` events with the seats that changed, within 100 ms of
   * the commit; a lapse is told when it happens. Of two reports about a seat the one with the higher `version` is newer, so
   * late, doubled and reordered events do no harm. A `snapshot` may come again at any time and replaces everything, higher
   * versions and seats that it does not have included. `token-expired` is the last event of a stream whose token has expired.
   */
  @Get('events')
  @Stream()
  @ApiOperation({ operationId: 'watchSeats', summary: 'Live seat map' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description:
      'The `id` of the last event seen, as browsers send it when they reconnect; only what came after it is sent, if that is still known.',
    schema: { type: 'string' },
  })
  @ApiExtraModels(SeatMapDto, SeatsEventDto)
  @ApiOkResponse({
    description:
      '`event: snapshot` with a SeatMapDto as data, `event: seats` with a SeatsEventDto; comments keep the connection alive.',
    content: {
      'text/event-stream': {
        schema: {
          type: 'string',
          description: 'Events whose `data` is one of these, as JSON.',
          examples: [],
          'x-event-data': {
            snapshot: { $ref: getSchemaPath(SeatMapDto) },
            seats: { $ref: getSchemaPath(SeatsEventDto) },
          },
        } as never,
      },
    },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'RATE_LIMITED')
  async events(
    @Param() { id }: ShowIdDto,
    @CurrentHolder() viewer: Holder | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const giveBack = this.places.take(request.ip);
    const attach = await this.feeds.open(id).catch((error: unknown) => {
      giveBack();
      throw error;
    });
    if (!attach) {
      giveBack();
      throw new Problem('SHOW_NOT_FOUND');
    }

    // From here on the response is written to directly: thousands of watchers share each rendered event.
    reply.header('vary', joinedVary(reply.getHeader('vary'), 'Authorization')).hijack();
    const response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    const stream: EventStream = new EventStream(response, this.unread, () => this.feeds.catchUp(id, watcher));
    const watcher = { viewerId: viewer?.id ?? null, stream };
    const detach = attach(watcher, lastEventId);
    const expiry = endWithToken(stream, viewer);
    const leave = () => {
      clearTimeout(expiry);
      detach();
      giveBack();
    };
    if (request.method === 'HEAD' || request.raw.destroyed) {
      leave();
      stream.end();
    } else {
      request.raw.on('close', leave);
      response.on('close', leave);
    }
  }

  /** The steps of the show's seats, newest first. Those of the caller are marked; no other holder is identified. */
  @Get('activity')
  @LimitReads('light')
  @Header('cache-control', 'private, no-cache')
  @ApiOperation({ operationId: 'listActivity', summary: 'Activity of a show' })
  @ApiOkResponse({ type: ActivityDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'RATE_LIMITED')
  async list(
    @Param() { id }: ShowIdDto,
    @Query() query: PageQueryDto,
    @CurrentHolder() viewer: Holder | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ActivityDto> {
    varyBy(reply, 'Authorization');
    return this.activity.list(id, viewer?.id ?? null, query);
  }
}

/** A token that has expired proves nothing any more, so the stream does not outlive it. */
function endWithToken(stream: EventStream, viewer: Holder | undefined): NodeJS.Timeout | undefined {
  if (viewer?.expiresAtMs === undefined) return undefined;
  const inMs = Math.max(0, viewer.expiresAtMs - Date.now());
  // A timer holds no more; a stream does not last that long.
  if (inMs >= 2 ** 31) return undefined;
  return setTimeout(() => {
    stream.send(TOKEN_EXPIRED);
    stream.end();
  }, inMs).unref();
}
