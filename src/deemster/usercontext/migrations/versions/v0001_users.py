"""Users, their groups, roles and attributes."""

from alembic import op
from sqlalchemy import Boolean, Column, ForeignKey, Text, inspect

__all__ = ["upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; those that an earlier release made without a version stay."""
    there = inspect(op.get_bind()).get_table_names()
    if "users" not in there:
        op.create_table(
            "users",
            Column("id", Text, primary_key=True),
            Column("enabled", Boolean, nullable=False),
        )
    for name, more in (
        ("user_groups", []),
        ("user_roles", []),
        ("user_attributes", [Column("value", Text, nullable=False)]),
    ):
        if name not in there:
            owner = Column(
                "user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
            )
            op.create_table(name, owner, Column("name", Text, primary_key=True), *more)
