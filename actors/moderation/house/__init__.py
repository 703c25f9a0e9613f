"""The rules that the house set: which words, and what is done about what is found, by version. One entity in all."""
