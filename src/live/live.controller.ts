import { Controller, Get, Header, Headers, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { varyBy } from '../platform/http/conditional';
import { PageQueryDto } from '../platform/http/page.dto';
import { Public } from '../platform/http/public';
import { LimitReads } from '../platform/http/read-limits';
import { Stream } from '../platform/http/route-traits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Problem } from '../platform/problem/problem';
import { SeatMapDto } from '../seats/seat.dto';
import { ShowIdDto } from '../shows/show.dto';
import { Activity } from './activity.service';
import { EventStream } from './event-stream';
import { ActivityDto, SeatsEventDto } from './live.dto';
import { ShowFeeds } from './show-feeds';

@ApiTags('Live')
@Public()
@Controller('api/shows/:id')
export class LiveController {
  constructor(
    private readonly feeds: ShowFeeds,
    private readonly activity: Activity,
  ) {}

  /**
   * Server-Sent Events. First a `snapshot` (the seat map), then `seats` events with the seats that changed, within 100 ms of
   * the commit; a lapse is told when it happens. Of two reports about a seat the one with the higher `version` is newer, so
   * late, doubled and reordered events do no harm. A `snapshot` may come again at any time and replaces everything.
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
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND')
  async events(
    @Param() { id }: ShowIdDto,
    @CurrentHolder() viewer: Holder | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const attach = await this.feeds.open(id);
    if (!attach) throw new Problem('SHOW_NOT_FOUND');

    // From here on the response is written to directly: thousands of watchers share each rendered event.
    reply.hijack();
    const response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    const watcher = {
      viewerId: viewer?.id ?? null,
      stream: new EventStream(response, () => this.feeds.catchUp(id, watcher)),
    };
    const detach = attach(watcher, lastEventId);
    if (request.method === 'HEAD' || request.raw.destroyed) {
      detach();
      response.end();
    } else {
      request.raw.on('close', detach);
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
