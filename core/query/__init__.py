"""The query language of ``get_all``: filters, order, pages and projections of a request become SQL."""
