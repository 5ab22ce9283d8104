"""fastapi-users: its JWT strategy, which reads the user from the database for every request."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from benchmarks.subjects.subject import GUARDED_PATH, HELLO, LIFE_SECONDS, Subject, bearer

DATABASE_URL = "sqlite+aiosqlite:///./users.db"


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """A person with the columns the library brings."""


class UserManager(UUIDIDMixin, BaseUserManager[User, UUID]):
    """The library's, as it is."""


def current_user() -> Subject:
    """HS256 and ``current_user(active=True)``, as in its full example; a user for every token."""
    secret = secrets.token_urlsafe(32)
    engine = create_async_engine(DATABASE_URL)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    async def user_db(opened: AsyncSession = Depends(session)) -> AsyncIterator[Any]:
        yield SQLAlchemyUserDatabase(opened, User)

    async def user_manager(database: Any = Depends(user_db)) -> AsyncIterator[Any]:
        yield UserManager(database)

    def strategy() -> Any:
        return JWTStrategy(secret=secret, lifetime_seconds=LIFE_SECONDS)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    backend = AuthenticationBackend(
        name="jwt", transport=BearerTransport(tokenUrl="auth/jwt/login"), get_strategy=strategy
    )
    active_user = FastAPIUsers(user_manager, [backend]).current_user(active=True)
    app = FastAPI(lifespan=lifespan)

    @app.get(GUARDED_PATH)
    async def guarded(user: Any = Depends(active_user)) -> dict[str, str]:
        return HELLO

    async def credentials(count: int) -> list[str]:
        rows = [_row(uuid4()) for _ in range(count)]
        async with engine.begin() as connection:
            await connection.execute(insert(User), rows)
        return [bearer(await strategy().write_token(User(id=row["id"]))) for row in rows]

    return Subject(app, credentials, ("fastapi-users", "fastapi-users-db-sqlalchemy", "sqlalchemy", "pyjwt"))


def _row(user_id: UUID) -> dict[str, Any]:
    return {
        "id": user_id,
        "email": f"{user_id}@example.test",
        "hashed_password": "nobody signs in by password here",
        "is_active": True,
        "is_superuser": False,
        "is_verified": True,
    }
