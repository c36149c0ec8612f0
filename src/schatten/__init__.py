"""schatten: small speech recognisers, honestly measured."""

__version__ = "0.2.0"
