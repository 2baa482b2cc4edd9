"""A realistic team's work for demonstrations and pictures: ``make demo`` fills a server with it by the SDK."""
