"""Alembic's way in: migrates over the connection that `sql_migrations` hands it."""

from alembic import context

from deemster.usercontext.sql_schema import users

__all__: list[str] = []

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=users.metadata,
    version_table="deemster_schema",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
