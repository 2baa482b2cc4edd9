"""How Alembic runs the migrations: on the connection that ``migrate`` opened, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, render_as_batch=True)
context.run_migrations()
