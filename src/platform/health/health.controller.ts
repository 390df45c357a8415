import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DatabaseProbe, PROBE_TIMEOUT_MS } from '../database/database-probe';
import { Unguarded } from '../http/public';
import { AlwaysServed } from '../http/route-traits';
import { ApiProblems } from '../problem/api-problems.decorator';
import { Problem } from '../problem/problem';

export class HealthDto {
  /** Always ok; a failure is a 503. @example "ok" */
  status: 'ok';
}

@ApiTags('Operation')
@Unguarded()
@Controller('health')
export class HealthController {
  constructor(private readonly database: DatabaseProbe) {}

  /** The process runs. Says nothing of the database: restarting the process would not mend that. */
  @Get('live')
  @AlwaysServed()
  @ApiOperation({ operationId: 'getLiveness', summary: 'Is the process alive?' })
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems()
  live(): HealthDto {
    return { status: 'ok' };
  }

  /** The process can serve: the database answers within two seconds. */
  @Get('ready')
  @AlwaysServed()
  @ApiOperation({ operationId: 'getReadiness', summary: 'Can it serve?' })
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems()
  async ready(): Promise<HealthDto> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('The database does not answer')), PROBE_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.database.ask(), late]);
      return { status: 'ok' };
    } catch {
      throw new Problem('BUSY', { detail: 'The database does not answer.', retryAfterSeconds: 1 });
    } finally {
      clearTimeout(timer);
    }
  }
}
