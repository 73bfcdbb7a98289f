"""Runs the migrations on the connection that the engine hands over; by hand, on the library of the settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

from engine.settings import EngineSettings
from engine.storage.tables import metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    library = EngineSettings.load().data_dir / "pictrace.db"
    with create_engine(f"sqlite:///{library}").connect() as own:
        run(own)
