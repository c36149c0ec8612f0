"""What keeps runs alive and honest: files, seals, provenance, processes, the console, clusters."""
