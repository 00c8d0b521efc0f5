"""The one root error: every mistake a user can make ends as one sentence that says what to do."""


class CrozeError(ValueError):
    """Bad input or an impossible request; the message says what was expected, what came, what to do.

    The command line prints it without a traceback and exits with code 2.
    """
