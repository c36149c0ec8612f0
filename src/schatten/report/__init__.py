"""Results as people read them: tables and figures made from scores, histories and sizes.

`artifacts` reads files, `collect` joins them to typed rows, `columns` and `wer`/`cost` say what a
table holds, `render` writes it, `figures` draws. Nothing here trains, decodes or scores.
"""
