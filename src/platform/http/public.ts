import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** How a route opts out of the one global guard. */
export type Access = 'public' | 'unguarded';
export const ACCESS = 'rowlock:access';

/** Needs no token. One that is sent is verified all the same: a valid one tells who asks, an invalid one is refused. */
export const Public = () =>
  applyDecorators(SetMetadata(ACCESS, 'public' satisfies Access), ApiSecurity({}), ApiBearerAuth());

/** No business of the guard: what the route finds in `Authorization` is its own. */
export const Unguarded = () => SetMetadata(ACCESS, 'unguarded' satisfies Access);
