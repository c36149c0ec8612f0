"""Everything around a run: files, seals, provenance, processes, the console, clusters."""
