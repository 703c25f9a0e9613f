"""The clinical knowledge: the tables of `ml/data`, checked when they are loaded, and what is looked up in them."""
