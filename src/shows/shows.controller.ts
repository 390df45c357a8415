import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiConditional, sendRendered } from '../platform/http/conditional';
import { Public } from '../platform/http/public';
import { LimitReads } from '../platform/http/read-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { ShowDto, ShowIdDto, ShowListDto, ShowListQueryDto } from './show.dto';
import { Shows } from './shows.service';

/** The same for everybody. A cache may keep it, and asks whether it still holds. */
const CACHE_CONTROL = 'no-cache';

@ApiTags('Shows')
@Controller('api/shows')
@Public()
export class ShowsController {
  constructor(private readonly shows: Shows) {}

  /** Shows by start, page by page, with their seats counted at most a second ago. */
  @Get()
  @LimitReads('heavy')
  @ApiOperation({ operationId: 'listShows', summary: 'Shows' })
  @ApiConditional(ShowListDto)
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async list(
    @Query() query: ShowListQueryDto,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendRendered(reply, ifNoneMatch, CACHE_CONTROL, await this.shows.list(query));
  }

  /** One show, with its seats counted. */
  @Get(':id')
  @LimitReads('heavy')
  @ApiOperation({ operationId: 'getShow', summary: 'One show' })
  @ApiConditional(ShowDto)
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'RATE_LIMITED')
  async show(
    @Param() { id }: ShowIdDto,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendRendered(reply, ifNoneMatch, CACHE_CONTROL, await this.shows.find(id));
  }
}
