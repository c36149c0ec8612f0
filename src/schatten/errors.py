"""The one exception that is meant for the user's eyes."""


class UserError(Exception):
    """Bad input, said in one clear sentence that names the file and the fix.

    The command line prints the sentence and exits with status 1; no traceback is shown.
    """
