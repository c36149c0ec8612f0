"""Back-off n-gram language models: estimated, pruned, stored and measured; no decoding here."""
