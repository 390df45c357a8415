import { Body, Controller, Get, Header, Headers, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Unguarded } from '../platform/http/public';
import { LimitGuest } from '../platform/http/guest-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Admission } from './admission';
import { AccessTokenService } from './access-token.service';
import { AccessTokenDto, CredentialsDto, MeDto } from './auth.dto';
import { CurrentHolder, newGuest } from './holder';
import type { Holder } from './holder';
import type { OwnHolder } from './own-tokens';
import { SignIn } from './sign-in';

/** Keeps tokens and the names of holders out of shared caches. */
const NotStored = () => Header('cache-control', 'no-store');

/** The routes that give out tokens are unguarded: a client that asks for a new token may still send its expired one. */
@ApiTags('Identity')
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly tokens: AccessTokenService,
    private readonly admission: Admission,
  ) {}

  /**
   * A token for a shopper without an account. A guest who loses the token loses access to the holds and bookings made
   * with it. Where guests need admission, the token is good for holding seats of the shows that they were admitted to.
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
    return this.tokenFor(newGuest(await this.admission.admit(admissionToken)));
  }

  /** Registers a user and logs them in. */
  @Post('register')
  @Unguarded()
  @NotStored()
  @ApiOperation({ operationId: 'register', summary: 'Register' })
  @ApiCreatedResponse({ type: AccessTokenDto })
  @ApiProblems('VALIDATION_FAILED', 'USERNAME_TAKEN', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'RATE_LIMITED')
  async register(@Body() { username, password }: CredentialsDto, @Ip() ip: string): Promise<AccessTokenDto> {
    return this.tokenFor(await this.signIn.register(ip, username, password));
  }

  /** A token for a registered user. */
  @Post('login')
  @HttpCode(200)
  @Unguarded()
  @NotStored()
  @ApiOperation({ operationId: 'login', summary: 'Log in' })
  @ApiOkResponse({ type: AccessTokenDto })
  @ApiProblems(
    'VALIDATION_FAILED',
    'INVALID_CREDENTIALS',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'RATE_LIMITED',
  )
  async login(@Body() { username, password }: CredentialsDto, @Ip() ip: string): Promise<AccessTokenDto> {
    return this.tokenFor(await this.signIn.login(ip, username, password));
  }

  /** The holder of the token. */
  @Get('me')
  @ApiBearerAuth()
  @NotStored()
  @ApiOperation({ operationId: 'getMe', summary: 'Who am I' })
  @ApiOkResponse({ type: MeDto })
  @ApiProblems('UNAUTHENTICATED')
  me(@CurrentHolder() holder: Holder): MeDto {
    return { holder };
  }

  private async tokenFor(holder: OwnHolder): Promise<AccessTokenDto> {
    return {
      access_token: await this.tokens.issue(holder),
      token_type: 'Bearer',
      expires_in: this.tokens.ttlSeconds,
      holder,
    };
  }
}
