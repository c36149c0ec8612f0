"""Everything that times schatten beside others: kernels, engine, search, training, pruning.

It imports schatten, never the other way round; `schatten` finds its verbs through the entry point
`schatten.verbs` of pyproject.toml.
"""
