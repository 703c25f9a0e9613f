"""Settings of capabilities, a file each. Their types stand here and not with the capability: whoever is handed the
whole tree, shards as well, imports no capability."""
