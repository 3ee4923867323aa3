"""Where cases, records and people are kept: tables, connections, transactions, migrations. No rules of its own."""

from charter.runtime.store.store import Store, create_store, open_store

__all__ = ["Store", "create_store", "open_store"]
