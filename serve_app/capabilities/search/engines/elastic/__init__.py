"""The engine of a server: Elasticsearch 9, of which nothing is used that its basic edition lacks."""
