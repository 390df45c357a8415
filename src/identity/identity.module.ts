import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { Admission, OpenAdmission } from './admission';
import { AccessTokenService } from './access-token.service';
import { AuthController } from './auth.controller';
import { AuthGuard } from './auth.guard';
import { PasswordHasher } from './password-hasher';
import { QueueTokens } from './queue-tokens';
import { SignIn } from './sign-in';
import { User } from './user.entity';
import { UsersService } from './users.service';

@Module({
  imports: [TypeOrmModule.forFeature([User])],
  controllers: [AuthController],
  providers: [
    AccessTokenService,
    PasswordHasher,
    SignIn,
    UsersService,
    { provide: APP_GUARD, useClass: AuthGuard },
    {
      provide: Admission,
      inject: [APP_CONFIG],
      useFactory: ({ auth }: AppConfig) =>
        auth.admissionJwksUrl ? new QueueTokens(auth.admissionJwksUrl) : new OpenAdmission(),
    },
  ],
  exports: [AccessTokenService, Admission, UsersService],
})
export class IdentityModule {}
