"""The exception whose message is shown to the user."""


class UserError(Exception):
    """Bad input; the message is one clear sentence that names the file and the fix.

    The command line prints the sentence and exits with status 1; no traceback is shown.
    """
