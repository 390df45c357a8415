import { Body, Controller, Get, Header, Headers, HttpCode, Ip, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { Unguarded } from '../platform/http/public';
import { LimitGuest } from '../platform/http/guest-limits';
import { LimitPassword, LimitRefresh } from '../platform/http/rate-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Admission } from './admission';
import { AccessTokenService } from './access-token.service';
import { Accounts, SignedIn } from './accounts';
import {
  AccessTokenDto,
  CredentialsDto,
  HolderDto,
  MeDto,
  PasswordChangeDto,
  PasswordDto,
  RefreshDto,
  SignedInDto,
} from './auth.dto';
import { CurrentHolder, newGuest } from './holder';
import type { Holder } from './holder';
import { Sessions } from './sessions';
import type { IssuedTokens } from './sessions';

/** Keeps tokens and the names of holders out of shared caches. */
const NotStored = () => Header('cache-control', 'no-store');

/** A guest's token may be sent: see `taken_over` of the answer. */
const TakesGuestOver = () => (target: object, key: string | symbol, descriptor: PropertyDescriptor) => {
  ApiSecurity({})(target, key, descriptor);
  ApiBearerAuth()(target, key, descriptor);
};

/** The routes that give out tokens are unguarded: a client that asks for a new token may still send its expired one. */
@ApiTags('Identity')
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly accounts: Accounts,
    private readonly sessions: Sessions,
    private readonly tokens: AccessTokenService,
    private readonly admission: Admission,
  ) {}

  /**
   * A token for a shopper without an account. It is good for a while; its refresh token gives the next one. Where guests need
   * admission, it is good for holding seats of the shows that they were admitted to.
   */
  @Post('guest')
  @Unguarded()
  @LimitGuest()
  @NotStored()
  @ApiOperation({ operationId: 'createGuest', summary: 'Token for a guest' })
  @ApiCreatedResponse({ type: AccessTokenDto })
  @ApiHeader({
    name: 'Admission-Token',
    required: false,
    description: 'What a waiting room in front of this server gives out, where guests need admission to hold seats.',
    schema: { type: 'string' },
  })
  @ApiProblems('VALIDATION_FAILED', 'ADMISSION_REQUIRED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'RATE_LIMITED')
  async guest(@Headers('admission-token') admissionToken: string | undefined): Promise<AccessTokenDto> {
    return this.answer(await this.sessions.open(newGuest(await this.admission.admit(admissionToken))));
  }

  /** Registers a user and logs them in. With a guest's token, the guest's holds and bookings become the user's. */
  @Post('register')
  @Unguarded()
  @TakesGuestOver()
  @NotStored()
  @ApiOperation({ operationId: 'register', summary: 'Register' })
  @ApiCreatedResponse({ type: SignedInDto })
  @ApiProblems('VALIDATION_FAILED', 'USERNAME_TAKEN', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'RATE_LIMITED')
  async register(
    @Body() { username, password }: CredentialsDto,
    @Headers('authorization') authorization: string | undefined,
    @Ip() ip: string,
  ): Promise<SignedInDto> {
    return this.answer(await this.accounts.register({ ip, authorization }, username, password));
  }

  /** A token for a registered user. With a guest's token, the guest's holds and bookings become the user's. */
  @Post('login')
  @HttpCode(200)
  @Unguarded()
  @TakesGuestOver()
  @NotStored()
  @ApiOperation({ operationId: 'login', summary: 'Log in' })
  @ApiOkResponse({ type: SignedInDto })
  @ApiProblems(
    'VALIDATION_FAILED',
    'INVALID_CREDENTIALS',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'RATE_LIMITED',
  )
  async login(
    @Body() { username, password }: CredentialsDto,
    @Headers('authorization') authorization: string | undefined,
    @Ip() ip: string,
  ): Promise<SignedInDto> {
    return this.answer(await this.accounts.login({ ip, authorization }, username, password));
  }

  /**
   * The next access token and the next refresh token. A refresh token is good once; the same request again within ten
   * seconds gets the same refresh token. Later it ends the session, as somebody has a copy of the token.
   */
  @Post('refresh')
  @HttpCode(200)
  @Unguarded()
  @LimitRefresh()
  @NotStored()
  @ApiOperation({ operationId: 'refresh', summary: 'Refresh a token' })
  @ApiOkResponse({ type: AccessTokenDto })
  @ApiProblems('VALIDATION_FAILED', 'SESSION_ENDED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'RATE_LIMITED')
  async refresh(@Body() { refresh_token: token }: RefreshDto): Promise<AccessTokenDto> {
    return this.answer(await this.sessions.refresh(token));
  }

  /** Ends the session: its refresh token at once, its access tokens within a second. Guests lose sight of their bookings. */
  @Post('logout')
  @HttpCode(204)
  @NotStored()
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'logout', summary: 'Log out' })
  @ApiNoContentResponse()
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  logout(@CurrentHolder() holder: Holder): Promise<void> {
    return this.sessions.end(holder);
  }

  /** Replaces the password of a user and ends all other sessions. The answer begins a new one. */
  @Post('password')
  @HttpCode(200)
  @LimitPassword()
  @NotStored()
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'changePassword', summary: 'Change the password' })
  @ApiOkResponse({ type: AccessTokenDto })
  @ApiProblems(
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'INVALID_CREDENTIALS',
    'FORBIDDEN',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'RATE_LIMITED',
  )
  async changePassword(
    @Body() { current_password: current, new_password: next }: PasswordChangeDto,
    @CurrentHolder() holder: Holder,
  ): Promise<AccessTokenDto> {
    return this.answer(await this.accounts.changePassword(holder, current, next));
  }

  /** Deletes the user and ends all sessions. Bookings stay valid, and can be read with their keys. */
  @Post('delete')
  @HttpCode(204)
  @LimitPassword()
  @NotStored()
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'deleteAccount', summary: 'Delete the account' })
  @ApiNoContentResponse()
  @ApiProblems(
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'INVALID_CREDENTIALS',
    'FORBIDDEN',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'RATE_LIMITED',
  )
  delete(@Body() { password }: PasswordDto, @CurrentHolder() holder: Holder): Promise<void> {
    return this.accounts.delete(holder, password);
  }

  /** The holder of the token. */
  @Get('me')
  @ApiBearerAuth()
  @NotStored()
  @ApiOperation({ operationId: 'getMe', summary: 'Who am I' })
  @ApiOkResponse({ type: MeDto })
  @ApiProblems('UNAUTHENTICATED')
  me(@CurrentHolder() holder: Holder): MeDto {
    return { holder: holderDto(holder) };
  }

  private answer({ holder, accessToken, refresh, takenOver }: IssuedTokens & Pick<SignedIn, 'takenOver'>): SignedInDto {
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: this.tokens.ttlSeconds,
      ...(refresh ? { refresh_token: refresh.token, refresh_expires_in: refresh.expiresInSeconds } : {}),
      holder: holderDto(holder),
      ...(takenOver ? { taken_over: { holder_id: takenOver.guestId, held_seats: takenOver.heldSeats } } : {}),
    };
  }
}

function holderDto({ id, kind, role, shows }: Holder): HolderDto {
  return { id, kind, ...(role ? { role } : {}), ...(shows ? { shows } : {}) };
}
