"""Clients, servers and workloads that load tests share."""
