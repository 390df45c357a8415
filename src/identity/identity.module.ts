import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessTokenService } from './access-token.service';
import { AuthController } from './auth.controller';
import { AuthGuard } from './auth.guard';
import { PasswordHasher } from './password-hasher';
import { SignIn } from './sign-in';
import { User } from './user.entity';
import { UsersService } from './users.service';

@Module({
  imports: [TypeOrmModule.forFeature([User])],
  controllers: [AuthController],
  providers: [AccessTokenService, PasswordHasher, SignIn, UsersService, { provide: APP_GUARD, useClass: AuthGuard }],
  exports: [AccessTokenService, UsersService],
})
export class IdentityModule {}
