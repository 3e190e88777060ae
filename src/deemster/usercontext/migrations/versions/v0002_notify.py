"""PostgreSQL tells services whose user was changed (LISTEN, NOTIFY)."""

from alembic import op

__all__ = ["upgrade"]

revision = "0002"
down_revision = "0001"

# A payload has at most 8000 octets; without one, everybody may have been changed.
_FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION deemster_tell_user(changed text) RETURNS void AS $$
BEGIN
    PERFORM pg_notify(
        'deemster_users', CASE WHEN octet_length(changed) < 7000 THEN changed ELSE '' END
    );
END;
$$ LANGUAGE plpgsql
""",
    """
CREATE OR REPLACE FUNCTION deemster_user_changed() RETURNS trigger AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM deemster_tell_user(to_jsonb(NEW) ->> TG_ARGV[0]);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM deemster_tell_user(to_jsonb(OLD) ->> TG_ARGV[0]);
    END IF;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql
""",
    """
CREATE OR REPLACE FUNCTION deemster_users_truncated() RETURNS trigger AS $$
BEGIN
    PERFORM deemster_tell_user('');
    RETURN NULL;
END;
$$ LANGUAGE plpgsql
""",
)


def upgrade() -> None:
    """Functions and triggers; another database has nothing of the kind."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for function in _FUNCTIONS:
        op.execute(function)
    for table, column in (
        ("users", "id"),
        ("user_groups", "user_id"),
        ("user_roles", "user_id"),
        ("user_attributes", "user_id"),
    ):
        op.execute(
            f"CREATE TRIGGER deemster_{table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION deemster_user_changed('{column}')"
        )
        op.execute(
            f"CREATE TRIGGER deemster_{table}_truncated AFTER TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION deemster_users_truncated()"
        )
