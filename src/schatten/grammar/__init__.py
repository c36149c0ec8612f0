"""Grammars of commands and queries: files of rules, draws from them, and slots of what was heard.

Nothing heavy is imported here: a process of the synthesis and a device's helper read grammars too.
"""

from schatten.grammar.files import load_own, load_packaged
from schatten.grammar.rules import Grammar

__all__ = ["Grammar", "load_own", "load_packaged"]
